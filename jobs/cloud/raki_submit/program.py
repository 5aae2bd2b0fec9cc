"""The program: reads options, polls until it is stopped, ends with the exit code that fits."""

import os
import sys

from raki_cloud.exits import Exit, Stop, bug_text
from raki_cloud.log import Log

from . import bundle
from .daemon import serve
from .options import parse


def main():
    try:
        return run(parse(sys.argv[1:], os.environ))
    except Stop as stop:
        print(f"raki-submit: {stop}", file=sys.stderr)
        return stop.code
    except Exception as error:
        print(f"raki-submit: {bug_text(error)}", file=sys.stderr)
        return Exit.BUG


def run(options):
    if options.write_lambda_zip:
        bundle.write(options.write_lambda_zip)
        return Exit.DONE
    settings = options.settings()
    if not options.queue:
        raise Stop(Exit.USAGE, "Wrong usage: found no queue, expected the address of one. At --queue or RAKI_QUEUE. See raki-submit --help.")
    serve(options, settings, Log())
    return Exit.DONE
