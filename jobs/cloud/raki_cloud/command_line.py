"""What the programs of jobs/cloud have in common: how arguments are refused and how a run ends."""

import argparse
import os
import signal
import sys
import traceback

from .exits import Exit, Stop


class Parser(argparse.ArgumentParser):
    """argparse, but for its exit code and for messages that repeat what was typed: it could be a password."""

    def error(self, message):
        if message.startswith("unrecognized arguments"):
            message = "found an option that does not exist, expected those of --help"
        raise Stop(Exit.USAGE, f"Wrong usage: {message}. On the command line. See {self.prog} --help.")


def ended(run, say, interrupted):
    """The exit code of run(arguments); `say` tells the user why it is not 0. SIGTERM is an interrupt."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(sys.argv[1:])
    except Stop as stop:
        say(stop)
        return stop.code
    except KeyboardInterrupt:
        say(interrupted)
        return Exit.TRY_AGAIN
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python's last flush finds a reader
        say("Output lost: found nobody who reads standard output, expected a reader. Start it again: a repeat is harmless.")
        return Exit.IO
    except Exception as error:  # its text may hold anything, so only its kind and place are told
        say(f"Internal error, our bug: {type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}")
        return Exit.BUG
