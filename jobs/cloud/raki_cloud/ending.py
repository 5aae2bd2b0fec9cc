"""How a program of jobs/cloud ends: with an exit code of the table, whatever happens in it."""

import os
import signal
import sys
import traceback

from .exits import Exit, Stop


UNREAD = "Output lost: found nobody who reads standard output, expected a reader. "


def ended(run, say, interrupted, unread="Start it again: a repeat is harmless."):
    """The exit code of run(arguments); `say` tells the user why it is not 0: `interrupted`, also by SIGTERM, or what `unread` output means."""
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
        say(UNREAD + unread)
        return Exit.IO
    except Exception as error:  # its text may hold anything, so only its kind and place are told
        say(f"Internal error, our bug: {type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}")
        return Exit.BUG
