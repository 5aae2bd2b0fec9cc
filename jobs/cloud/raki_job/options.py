"""What a user can choose: the names, defaults and help of the command line stand here and nowhere else."""

import dataclasses
import os

from raki_cloud import command_line
from raki_cloud.application import is_asked_for
from raki_cloud.command_line import option
from raki_cloud.exits import Exit, Stop

EPILOG = "A name in [brackets] is that of an environment variable, which counts where the option is not given."


def shared(default, help_text, **more):
    return option(default, help_text, from_environment=True, **more)


@dataclasses.dataclass(frozen=True)
class InputOptions:
    """What every command that fetches inputs has."""

    scratch: str = shared(os.environ.get("TMPDIR") or "/tmp", "folder for what is on its way: unpacked archives, inputs and results of three units at most",
                          metavar="DIR")
    convert: list[str] = shared([], "'.ENDING=PROGRAM ... {input} ... {output}': makes ISMRMRD of what the engine cannot read; may be repeated "
                                    "(in the environment one a line)", metavar="RULE", repeated=True)
    most_bytes: int = shared(200 << 30, "largest input, after unpacking", metavar="N")
    most_members: int = shared(10_000, "most files of an input", metavar="N")
    most_ratio: float = shared(100.0, "most bytes that a byte of an archive may become", metavar="X")


@dataclasses.dataclass(frozen=True)
class JobOptions(InputOptions):
    """What all that computes units has in common."""

    worker: str = shared("raki worker --log json", "command of the engine", metavar="COMMAND")
    device: str = shared("", "passed on to the engine", metavar="D")
    threads: int | None = shared(None, "passed on to the engine", metavar="N")
    start_timeout: float = shared(300.0, "seconds until the engine is ready", metavar="SECONDS")
    fetch_timeout: float = shared(3600.0, "seconds to fetch, unpack and convert a unit's input", metavar="SECONDS")
    unit_timeout: float = shared(3600.0, "seconds to compute a scan", metavar="SECONDS")
    engine_log: bool = shared(False, "show the engine's log on standard error; it may name files")


@dataclasses.dataclass(frozen=True)
class RunOptions(JobOptions):
    """Compute the units of a manifest, or those of one index of it, and publish each result once."""

    manifest: str = shared("", "s3://BUCKET/KEY or a path", positional="?", metavar="MANIFEST")
    stop_after: float | None = shared(None, "seconds after the start from which on no further unit is begun (exit 75), before the job's time-out ends it for good", metavar="SECONDS")
    index: int | None = option(None, "which units: index N of the manifest; else that of AWS Batch or Slurm, else all", metavar="N", least=0)


@dataclasses.dataclass(frozen=True)
class ServeOptions(JobOptions):
    """Answer requests by HTTP, as containers of SageMaker do: GET /ping, POST /invocations. One is computed at a time."""

    listen: str = shared("127.0.0.1:8080", "address and port; 0.0.0.0:8080 in a container", metavar="ADDRESS:PORT")
    most_body: int = shared(1 << 30, "longest body of a request", metavar="N")
    connections: int = shared(32, "most connections at a time", metavar="N")
    header_timeout: float = shared(10.0, "seconds until the headers of a request are there", metavar="SECONDS")
    body_timeout: float = shared(120.0, "seconds until its body is there", metavar="SECONDS")
    answer_timeout: float = shared(600.0, "seconds until its answer is taken", metavar="SECONDS")
    drain: float = shared(15.0, "seconds after SIGTERM in which the request under way may end", metavar="SECONDS")


def parse_run(arguments, environment):
    options = command_line.parse(RunOptions, "raki-job run", arguments, environment, EPILOG)
    if not options.manifest and not is_asked_for(environment):
        raise Stop(Exit.USAGE, "Wrong usage: found no manifest, expected one. On the command line or in RAKI_MANIFEST. See raki-job run --help.")
    return options


def parse_serve(arguments, environment):
    options = command_line.parse(ServeOptions, "raki-job serve", arguments, environment, EPILOG)
    host, colon, port = options.listen.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise Stop(Exit.USAGE, "Wrong usage: found something else, expected ADDRESS:PORT. In --listen or RAKI_LISTEN. See raki-job serve --help.")
    return options
