#pragma once
// The subcommands: one file each, each adds itself to the program.

#include <string>

namespace CLI {
class App;
}

namespace raki {

/// What every subcommand shares.
struct Session {
  bool json_log = false;
  bool show_progress = false;
};

/// The program and what it is built on, one a line.
std::string version_text();

void add_recon(CLI::App& program, const Session& session);
void add_train(CLI::App& program, const Session& session);
void add_apply(CLI::App& program, const Session& session);
void add_info(CLI::App& program, const Session& session);
void add_evaluate(CLI::App& program, const Session& session);
void add_compare(CLI::App& program, const Session& session);
void add_phantom(CLI::App& program, const Session& session);
void add_decode(CLI::App& program, const Session& session);
void add_worker(CLI::App& program);

}  // namespace raki
