"""The program: which command, and the exit code that fits."""

import os
import sys

from raki_cloud.exits import Exit, Stop

from .interrupt import Interrupt
from .options import parse_run
from .run import run

USAGE = "usage: raki-job run [MANIFEST] [options]; raki-job run --help tells them"


def main():
    interrupt = Interrupt()
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return Exit.DONE
    if arguments[:1] != ["run"]:
        print(USAGE, file=sys.stderr)
        return Exit.USAGE
    try:
        options = parse_run(arguments[1:], os.environ)
    except Stop as stop:
        print(f"raki-job: {stop}", file=sys.stderr)
        return stop.code
    return run(options, os.environ, interrupt)
