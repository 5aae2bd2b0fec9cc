"""The program: reads options, imports or fetches, tells what became of it."""

import collections
import os
import sys

from raki_cloud.ending import ended
from raki_cloud.exits import Exit, overall

from .fates import IMPORTED, LEFT_OUT
from .imageset import fetch
from .imports import import_files
from .options import USAGE, Import, parse

MOST_LINES = 20


def main():
    return ended(run, say, "Interrupted. Start the same command again: it goes on or begins anew, and a repeat is harmless.")


def say(text):
    print(f"raki-health-imaging: {text}", file=sys.stderr, flush=True)


def run(arguments):
    if (options := parse(arguments, os.environ)) is None:
        print(USAGE)
        return Exit.DONE
    if not isinstance(options, Import):
        made = fetch(options)
        print(f"{made['frames']} frames in {len(made['series'])} series, {made['frames_not_checked']} without a checksum to compare: {options.output}")
        return Exit.DONE
    fates = import_files(options, say)
    if options.json:
        for fate in fates:
            print(fate.json_line())
    else:
        print_summary(fates)
    return overall(fate.code for fate in fates)


def print_summary(fates):
    troubled = [fate for fate in fates if fate.status not in (IMPORTED, LEFT_OUT)]
    for fate in troubled[:MOST_LINES]:
        say(f"{fate.status}: {fate.key}: {fate.reason}")
    if len(troubled) > MOST_LINES:
        say(f"... and {len(troubled) - MOST_LINES} more; --json lists all")
    counts = collections.Counter(fate.status for fate in fates)
    sets = sorted({fate.image_set for fate in fates if fate.image_set})
    print(", ".join(f"{counts[status]} {status}" for status in (IMPORTED, "warning", "refused", "failed", LEFT_OUT)))
    print("image sets: " + (" ".join(sets) or "none"))
