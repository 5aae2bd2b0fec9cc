#pragma once
// SIGINT and SIGTERM set a flag; work looks at it between steps and stops by an exception, so that everything
// staged is removed on the way out and the process ends with 75.

namespace raki {

/// Installs the handlers. A second signal of the same kind ends the process at once.
void install_signal_handlers();

bool interrupted();

/// @throws Interrupted when a signal has come.
void throw_if_interrupted();

}  // namespace raki
