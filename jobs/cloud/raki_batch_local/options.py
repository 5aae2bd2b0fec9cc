"""What a user can choose: names, defaults and help stand here and nowhere else."""

import dataclasses
import glob
import os
import re
import shlex

from raki_cloud import command_line
from raki_cloud.command_line import option
from raki_cloud.exits import Exit, Stop

EPILOG = "Exit code: 0 all jobs succeeded, 1 a job failed, 64 and above: jobs/cloud/README.md."


@dataclasses.dataclass(frozen=True)
class Options:
    """Run an AWS Batch job definition on this machine, by the rules of the service."""

    definition: list[str] = option([], "job definition: the JSON of RegisterJobDefinition, or of `terraform show -json`; may be repeated",
                                   metavar="FILE", repeated=True)
    submit: list[str] = option([], "the JSON of SubmitJob; may be repeated; jobId in dependsOn is the jobName of an earlier one. Without it each "
                                   "definition is submitted once", metavar="FILE", repeated=True)
    array_size: int | None = option(None, "size of the array, without --submit; else no array", metavar="N")
    parameter: list[str] = option([], "value of Ref::NAME, without --submit; may be repeated", metavar="NAME=VALUE", repeated=True)
    parallel: int = option(os.cpu_count() or 1, "so many attempts at once", metavar="N")
    gpus: str = option("", "GPUs to give to jobs that ask for them; else those of CUDA_VISIBLE_DEVICES, else all", metavar="ID,...")
    image: str = option("", "run in podman, in this image, or with '-' in that of the definition; else as a process", metavar="IMAGE")
    entrypoint: str = option("", "what the image's ENTRYPOINT puts before the command, where that runs as a process", metavar="COMMAND")
    timeout: float | None = option(None, "end attempts after so long; else after what the definition says", metavar="SECONDS")
    grace: float = option(30.0, "from SIGTERM to SIGKILL; the default is the service's", metavar="SECONDS")
    lose_host: float | None = option(None, "rehearse a spot reclaim: the first attempt of each child is killed after so long", metavar="SECONDS")
    pass_on: list[str] = option([], "variable of this environment that jobs see beside PATH, HOME, LANG, TMPDIR and AWS_*; may be repeated",
                                metavar="NAME", repeated=True)
    logs: str = option("", "a file an attempt, JOB/INDEX.ATTEMPT.log; else all goes to standard error", metavar="FOLDER")

    @property
    def gpu_ids(self):
        everywhere = (re.fullmatch(r"/dev/nvidia([0-9]+)", path) for path in glob.glob("/dev/nvidia*"))
        text = self.gpus or os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(found[1] for found in everywhere if found))
        return sorted(one for one in text.split(",") if one)

    @property
    def entrypoint_words(self):
        return shlex.split(self.entrypoint)

    @property
    def parameters(self):
        return dict(one.split("=", 1) for one in self.parameter)


def parse(arguments):
    """Throws Stop where they do not fit."""
    options = command_line.parse(Options, "raki-batch-local", arguments, epilog=EPILOG)
    if not options.definition:
        raise _wrong("no --definition", "one or more")
    if options.submit and (options.array_size is not None or options.parameter):
        raise _wrong("--array-size or --parameter beside --submit", "what its files say")
    if not all(one.partition("=")[0] and "=" in one for one in options.parameter):
        raise _wrong("a --parameter without '='", "NAME=VALUE")
    try:
        shlex.split(options.entrypoint)
    except ValueError:
        raise _wrong("a quotation in --entrypoint that does not end", "a command") from None
    return options


def _wrong(found, expected):
    return Stop(Exit.USAGE, f"Wrong usage: found {found}, expected {expected}. On the command line. See raki-batch-local --help.")
