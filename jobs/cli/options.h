#pragma once
// Options structs to command-line options. Every default shown in the help is read from the struct.

#include <CLI/CLI.hpp>

#include "jobs/evaluate.h"
#include "jobs/options.h"
#include "recon/phantom.h"

namespace raki {

/// --method and the knobs of the interpolators.
void add_interpolation_options(CLI::App& command, RakiOptions& options);
/// The same without --method, for commands that take several.
void add_interpolation_knobs(CLI::App& command, RakiOptions& options);
/// --device and --threads.
void add_device_options(CLI::App& command, std::string& device, int& threads);
/// The scan to read.
void add_input(CLI::App& command, std::string& input);
/// How the input is read: --dataset, --noise, --axes, --mask, ...
void add_reader_options(CLI::App& command, ReaderOptions& options);
/// --noise-repeats.
void add_noise_repeats(CLI::App& command, int64_t& repeats);
/// A number within [least, most]; CLI::Range lets "nan" through.
CLI::Validator number_between(double least, double most);
/// --seed and --detail, for commands that know their method.
void add_raki_knobs(CLI::App& command, RakiOptions& options);
/// What of a scan is taken, and how it is prepared.
void add_selection_options(CLI::App& command, ReconOptions& options);
/// What is made of it.
void add_image_options(CLI::App& command, ReconOptions& options);
/// What of that is written, and how.
void add_file_options(CLI::App& command, ReconOptions& options);
/// How a full scan is undersampled and what is measured, but for the methods.
void add_evaluation_options(CLI::App& command, EvaluateOptions& options);
/// The phantom and its scan.
void add_phantom_options(CLI::App& command, PhantomOptions& options);

/// "a,b,c" to methods. @throws InputError (64).
std::vector<Method> methods_from_text(const std::string& text);

}  // namespace raki
