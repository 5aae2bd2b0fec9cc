#include "jobs/evaluation_table.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

namespace raki {

namespace {

using Json = nlohmann::ordered_json;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// A number of a row: its name in JSON, its heading in the table and how it is printed there.
struct Column {
  const char *key, *heading;
  int width, decimals;
  double (*of)(const EvaluateRow&);
};

constexpr std::array columns{
    Column{"nrmse", "NRMSE", 8, 4, [](const EvaluateRow& r) { return r.metrics.nrmse; }},
    Column{"psnr_db", "PSNR dB", 8, 2, [](const EvaluateRow& r) { return r.metrics.psnr_db; }},
    Column{"ssim", "SSIM", 8, 4, [](const EvaluateRow& r) { return r.metrics.ssim; }},
    Column{"ssim_masked", "masked", 8, 4, [](const EvaluateRow& r) { return r.metrics.ssim_masked; }},
    Column{"residual_structure", "structure", 10, 3,
           [](const EvaluateRow& r) { return r.metrics.residual_structure; }},
    Column{"kept", "kept", 7, 3, [](const EvaluateRow& r) { return r.kept; }},
    Column{"recovered", "recovered", 10, 3,
           [](const EvaluateRow& r) { return r.recovered.value_or(unknown); }},
    Column{"seconds", "seconds", 9, 3, [](const EvaluateRow& r) { return r.seconds; }},
    Column{"peak_mb", "peak MB", 8, 0, [](const EvaluateRow& r) { return r.peak_mb.value_or(unknown); }}};

/// The rows of one method and frame, one a seed.
using Group = std::vector<const EvaluateRow*>;

/// In the order in which they first come.
std::vector<Group> by_method_and_frame(const std::vector<EvaluateRow>& rows) {
  std::vector<Group> groups;
  for (const EvaluateRow& row : rows) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group[0]->method == row.method && group[0]->frame == row.frame;
    });
    if (same == groups.end()) {
      groups.push_back({&row});
    } else {
      same->push_back(&row);
    }
  }
  return groups;
}

Spread spread_of(const Group& group, const Column& column) {
  std::vector<double> values;
  for (const EvaluateRow* row : group) values.push_back(column.of(*row));
  return spread(values);
}

template <typename... Values>
std::string printed(const char* format, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string cell(double value, const Column& column) {
  return std::isnan(value) ? printed(" %*s", column.width, "-")
                           : printed(" %*.*f", column.width, column.decimals, value);
}

Json row_json(const EvaluateRow& r) {
  Json json{{"method", to_text(r.method)}, {"seed", r.seed}, {"frame", r.frame}};
  for (const Column& column : columns) json[column.key] = column.of(r);
  json["method_used"] = to_text(r.evidence.method_used);
  json["reason"] = r.evidence.reason;
  json["verdict"] = r.evidence.verdict;
  json["numbers"] = r.evidence.numbers;
  json["warnings"] = r.evidence.warnings;
  return json;
}

Json summary_json(const Group& group) {
  Json json{{"method", to_text(group[0]->method)}, {"frame", group[0]->frame}, {"repeats", group.size()}};
  for (const Column& column : columns) {
    const Spread s = spread_of(group, column);
    json[column.key] = {{"mean", s.mean}, {"sd", s.sd}};
  }
  return json;
}

Json mask_json(const at::Tensor& mask) {
  Json partitions = Json::array();
  for (int64_t kz = 0; kz < mask.size(0); ++kz) {
    std::string lines;
    for (int64_t ky = 0; ky < mask.size(1); ++ky) lines += mask[kz][ky].item<bool>() ? '1' : '0';
    partitions.push_back(lines);
  }
  return partitions;
}

}  // namespace

Spread spread(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1))};
}

std::string to_table(const Evaluation& evaluation) {
  std::vector<Column> shown;
  for (const Column& column : columns)
    if (std::any_of(evaluation.rows.begin(), evaluation.rows.end(),
                    [&](const EvaluateRow& r) { return !std::isnan(column.of(r)); }))
      shown.push_back(column);
  std::string text = to_text(evaluation.sampling) + "\n" + printed("%-12s %5s", "method", "frame");
  for (const Column& column : shown) text += printed(" %*s", column.width, column.heading);
  for (const Group& group : by_method_and_frame(evaluation.rows)) {
    text += printed("\n%-12s %5d", to_text(group[0]->method).c_str(), static_cast<int>(group[0]->frame));
    for (const Column& column : shown) text += cell(spread_of(group, column).mean, column);
    if (group.size() < 2) continue;
    text += printed("\n%-12s %5s", "  sd", "");
    for (const Column& column : shown) text += cell(spread_of(group, column).sd, column);
  }
  return text + "\n";
}

std::string to_json(const Evaluation& evaluation) {
  Json rows = Json::array(), summary = Json::array();
  for (const EvaluateRow& row : evaluation.rows) rows.push_back(row_json(row));
  for (const Group& group : by_method_and_frame(evaluation.rows)) summary.push_back(summary_json(group));
  const Json json{{"sampling", to_text(evaluation.sampling)},
                  {"mask", mask_json(evaluation.sampling.mask)},
                  {"rows", rows},
                  {"summary", summary}};
  return json.dump(2) + "\n";
}

}  // namespace raki
