// raki info: what the reader found and decided, with the evidence.

#include <cstdio>
#include <memory>

#include "io/scan_reader.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/report.h"

namespace raki {

namespace {

struct Arguments {
  std::string input;
  ReaderOptions reader;
  bool json = false;
};

std::string size_text(const MatrixSize& m) {
  return std::to_string(m.x) + " x " + std::to_string(m.y) + " x " + std::to_string(m.z);
}

std::string fov_text(const ScanSummary& scan) {
  if (!scan.fov_known) return "not stated (1 mm a pixel is assumed)";
  char text[96];
  std::snprintf(text, sizeof text, "%.4g x %.4g x %.4g mm", scan.image_fov.x_mm, scan.image_fov.y_mm,
                scan.image_fov.z_mm);
  return text;
}

void row(const char* name, const std::string& value) {
  std::printf("%-18s %s\n", name, value.c_str());
}

void print_counts(const char* name, const std::map<std::string, int64_t>& counts) {
  std::string text;
  for (const auto& [word, n] : counts) text += (text.empty() ? "" : ", ") + std::to_string(n) + " " + word;
  row(name, text.empty() ? "none" : text);
}

void print_text(const ScanSummary& scan, const ReconOptions& options) {
  row("format", scan.format);
  row("vendor", scan.protocol.vendor.value_or("not stated"));
  row("k-space", size_text(scan.matrix) + ", " + std::to_string(scan.n_coils) + " coils");
  row("header says", scan.protocol.encoded_matrix ? size_text(*scan.protocol.encoded_matrix) : "nothing");
  row("image", size_text(scan.image_matrix) + ", " + fov_text(scan));
  row("frames", std::to_string(scan.labels.size()));
  for (const Sampling& sampling : scan.samplings) row("sampling", to_text(sampling));
  row("noise",
      scan.noise ? std::to_string(scan.noise->samples.size(1)) + " samples a coil" : "no noise readouts");
  print_counts("lines", scan.lines_by_kind);
  print_counts("lines dropped", scan.lines_dropped);
  for (const Decision& d : scan.evidence)
    row(d.contradiction ? "contradiction" : "decision",
        d.subject + ": " + d.value + " (" + d.source + (d.detail.empty() ? "" : "; " + d.detail) + ")");
  for (const auto& [method, reason] : methods_for(scan, options))
    row(("method " + method).c_str(), reason.empty() ? "works" : reason);
}

void run(const Arguments& arguments) {
  const ScanReader reader(arguments.input, arguments.reader);
  const ReconOptions options;
  if (arguments.json)
    std::fputs(info_json(reader.summary(), options).c_str(), stdout);
  else
    print_text(reader.summary(), options);
}

}  // namespace

void add_info(CLI::App& program, const Session&) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("info", "Say what is in a k-space file and what can be done with it");
  command->add_option("input", arguments->input, "k-space file, pipe, or - for standard input")->required();
  add_reader_options(*command, arguments->reader);
  command->add_flag("--json", arguments->json, "Machine-readable");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace raki
