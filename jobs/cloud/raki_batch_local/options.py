"""What a user can choose: names, defaults and help stand here and nowhere else."""

import argparse
import glob
import math
import os
import pathlib
import re

from raki_cloud.exits import Exit, Stop


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Stop(Exit.USAGE, f"Wrong usage: {message}. On the command line. See raki-batch-local --help.")


def parse(arguments):
    """Throws Stop where they do not fit."""
    parser = _Parser(prog="raki-batch-local", allow_abbrev=False, description="Run an AWS Batch job definition on this machine, by the rules of the service.",
                     epilog="Exit code: 0 all jobs succeeded, 1 a job failed, 64 and above: jobs/cloud/README.md.")
    _add_requests(parser)
    _add_machine(parser)
    options = parser.parse_args(arguments)
    if options.submit and (options.array_size is not None or options.parameter):
        parser.error("--array-size and --parameter are for a run without --submit, whose files say both")
    return options


def _add_requests(parser):
    add = parser.add_argument
    add("--definition", action="append", required=True, metavar="FILE",
        help="job definition: the JSON of RegisterJobDefinition, or of `terraform show -json`; repeatable")
    add("--submit", action="append", default=[], metavar="FILE",
        help="the JSON of SubmitJob; repeatable; jobId in dependsOn is the jobName of an earlier one. Without: each definition is submitted once")
    add("--array-size", type=int, metavar="N", help="size of the array, without --submit (default: no array)")
    add("--parameter", action="append", default=[], type=_pair, metavar="NAME=VALUE", help="value of Ref::NAME, without --submit; repeatable")


def _add_machine(parser):
    add = parser.add_argument
    add("--parallel", type=_count, default=os.cpu_count() or 1, metavar="N", help="so many attempts at once (default: one a CPU, here %(default)s)")
    add("--gpus", type=_gpus, default=_machine_gpus(), metavar="ID,...", help="GPUs to give to jobs that ask for them (default: CUDA_VISIBLE_DEVICES, else all)")
    add("--image", nargs="?", const="", metavar="IMAGE", help="run in podman, in IMAGE or, without one, in that of the definition (default: as a process)")
    add("--timeout", type=_seconds, metavar="SECONDS", help="end attempts after so long, whatever the definition says (default: what it says)")
    add("--grace", type=_seconds, default=30.0, metavar="SECONDS", help="from SIGTERM to SIGKILL (default %(default)g, as the service)")
    add("--lose-host", type=_seconds, metavar="SECONDS", help="rehearse a spot reclaim: kill the first attempt of each child after so long (default: never)")
    add("--pass-on", action="append", default=[], metavar="NAME",
        help="variable of this environment that jobs see; repeatable (default: PATH, HOME, LANG, TMPDIR, AWS_*)")
    add("--logs", type=pathlib.Path, metavar="FOLDER", help="a file an attempt, JOB/INDEX.ATTEMPT.log (default: all to standard error)")


def _pair(text):
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def _count(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 on")
    return int(text)


def _seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return seconds


def _gpus(text):
    return sorted(one for one in text.split(",") if one)


def _machine_gpus():
    """As text, so that argparse sends it through _gpus too."""
    everywhere = (re.fullmatch(r"/dev/nvidia([0-9]+)", path) for path in glob.glob("/dev/nvidia*"))
    return os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(found[1] for found in everywhere if found))
