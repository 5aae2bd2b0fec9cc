#pragma once
// The numbers of `raki evaluate` as text: a table for people, JSON for programs.

#include <string>
#include <vector>

#include "jobs/evaluate.h"

namespace raki {

struct Spread {
  double mean = 0;
  double sd = 0;  ///< of a sample (n - 1); NaN for one value
};
/// NaN for no values, and where one of them is.
Spread spread(const std::vector<double>& values);

/// One line a method and frame, the mean over its seeds; with more than one seed a second line with the sd.
/// A column without any number is left out, a single missing number is "-".
std::string to_table(const Evaluation& evaluation);

/// {"sampling", "mask": one text of 0 and 1 a partition, "rows": every run, "summary": mean and sd over the
/// seeds of every method and frame}; a number that is not known is null.
std::string to_json(const Evaluation& evaluation);

}  // namespace raki
