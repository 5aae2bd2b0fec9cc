"""The program: which command, and the exit code that fits."""

import os
import sys

from raki_cloud.exits import Exit, Stop, overall
from raki_cloud.needs import require

from .interrupt import Interrupt
from .options import parse_run, parse_serve
from .run import run
from .serve import serve
from .split import split
from .split_options import parse_split

COMMANDS = {"run": (parse_run, run), "split": (parse_split, split), "serve": (parse_serve, lambda options, *_: serve(options))}
USAGE = ("usage: raki-job run [MANIFEST] [options], raki-job split ARCHIVE ... [options], raki-job serve [options] or raki-job fetch-imageset ID ... [options]; "
         "raki-job COMMAND --help tells them")


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["fetch-imageset"]:
        return _fetch_imageset()
    interrupt = Interrupt()
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


def _fetch_imageset():
    """That of raki-health-imaging, which needs more packages: for applications behind this entry point."""
    require("raki-job fetch-imageset", "pydicom")
    from raki_health_imaging.program import main as fetch
    return overall([fetch()])
