"""The program: which command, and the exit code that fits."""

import os
import sys

from raki_cloud.exits import Exit, Stop

from .interrupt import Interrupt
from .options import parse_run, parse_serve
from .run import run
from .serve import serve
from .split import split
from .split_options import parse_split

COMMANDS = {"run": (parse_run, run), "split": (parse_split, split), "serve": (parse_serve, lambda options, *_: serve(options))}
USAGE = "usage: raki-job run [MANIFEST] [options], raki-job split ARCHIVE ... [options] or raki-job serve [options]; raki-job COMMAND --help tells them"


def main():
    interrupt = Interrupt()
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return Exit.DONE
    if not arguments or arguments[0] not in COMMANDS:
        print(USAGE, file=sys.stderr)
        return Exit.USAGE
    parse, command = COMMANDS[arguments[0]]
    try:
        options = parse(arguments[1:], os.environ)
    except Stop as stop:
        print(f"raki-job: {stop}", file=sys.stderr)
        return stop.code
    return command(options, os.environ, interrupt)
