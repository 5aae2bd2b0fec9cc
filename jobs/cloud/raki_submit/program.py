"""The program: reads options, polls until it is stopped, ends with the exit code that fits."""

import os
import sys

from raki_cloud.ending import ended
from raki_cloud.exits import Exit, Stop
from raki_cloud.log import Log

from . import bundle
from .daemon import serve
from .options import parse

INTERRUPTED = "Interrupted: found SIGINT or SIGTERM, expected to finish. In this process. Start it again: a repeat is harmless."


def main():
    return ended(lambda arguments: run(parse(arguments, os.environ)), lambda text: print(f"raki-submit: {text}", file=sys.stderr), INTERRUPTED)


def run(options):
    if options.write_lambda_zip:
        bundle.write(options.write_lambda_zip)
        return Exit.DONE
    settings = options.settings()
    if not options.queue:
        raise Stop(Exit.USAGE, "Wrong usage: found no queue, expected the address of one. At --queue or RAKI_QUEUE. See raki-submit --help.")
    serve(options, settings, Log())
    return Exit.DONE
