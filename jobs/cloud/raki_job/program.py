"""The program: which command, and the exit code that fits."""

import os
import sys

from raki_cloud.exits import Exit, Stop

from .interrupt import Interrupt
from .options import parse_run, parse_serve
from .run import run
from .serve import serve

USAGE = "usage: raki-job run|serve ...; --help behind either tells its options"


def main():
    interrupt = Interrupt()
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return Exit.DONE
    try:
        if arguments[:1] == ["run"]:
            return run(parse_run(arguments[1:], os.environ), os.environ, interrupt)
        if arguments[:1] == ["serve"]:
            return serve(parse_serve(arguments[1:], os.environ))
    except Stop as stop:
        print(f"raki-job: {stop}", file=sys.stderr)
        return stop.code
    print(USAGE, file=sys.stderr)
    return Exit.USAGE
