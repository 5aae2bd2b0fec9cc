"""What a user can choose: the names, defaults and help of the command line stand here and nowhere else."""

import dataclasses
import tempfile

from raki_cloud import command_line
from raki_cloud.command_line import option
from raki_cloud.exits import Exit, Stop

EPILOG = "A name in [brackets] is that of an environment variable, which counts where the option is not given."


def _shared(default, help_text, **more):
    return option(default, help_text, from_environment=True, **more)


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Compute the units of a manifest, or those of one index of it, and publish each result once."""

    manifest: str = _shared("", "s3://BUCKET/KEY or a path", positional="?", metavar="MANIFEST")
    index: int | None = option(None, "which units: index N of the manifest; else that of AWS Batch or Slurm, else all", metavar="N", least=0)
    worker: str = _shared("raki worker --log json", "command of the engine", metavar="COMMAND")
    device: str = _shared("", "passed on to the engine", metavar="D")
    threads: int | None = _shared(None, "passed on to the engine", metavar="N")
    scratch: str = _shared(tempfile.gettempdir(), "folder for inputs and results on their way, those of three units at most", metavar="DIR")
    convert: list[str] = _shared([], "'.ENDING=PROGRAM ... {input} ... {output}': makes ISMRMRD of what the engine cannot read; may be repeated "
                                     "(in the environment one a line)", metavar="RULE", repeated=True)
    most_bytes: int = _shared(200 << 30, "largest input, after unpacking", metavar="N")
    most_members: int = _shared(10_000, "most files of an input", metavar="N")
    most_ratio: float = _shared(100.0, "most bytes that a byte of an archive may become", metavar="X")
    start_timeout: float = _shared(300.0, "seconds until the engine is ready", metavar="SECONDS")
    fetch_timeout: float = _shared(3600.0, "seconds to fetch, unpack and convert a unit's input", metavar="SECONDS")
    unit_timeout: float = _shared(3600.0, "seconds to compute a scan", metavar="SECONDS")
    engine_log: bool = _shared(False, "show the engine's log on standard error; it may name files")


def parse_run(arguments, environment):
    options = command_line.parse(RunOptions, "raki-job run", arguments, environment, EPILOG)
    if not options.manifest:
        raise Stop(Exit.USAGE, "Wrong usage: found no manifest, expected one. On the command line or in RAKI_MANIFEST. See raki-job run --help.")
    return options
