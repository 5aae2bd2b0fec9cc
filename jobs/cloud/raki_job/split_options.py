"""What a user of raki-job split can choose: the names, defaults and help of the command line stand here and in InputOptions."""

import dataclasses

from raki_cloud import command_line
from raki_cloud.command_line import option
from raki_cloud.exits import Exit, Stop

from .options import EPILOG, InputOptions, shared


@dataclasses.dataclass(frozen=True)
class SplitOptions(InputOptions):
    """Make units and a manifest of archives with many scans: each scan is one unit. Needs no GPU."""

    convert: list[str] = shared([], "'.ENDING=PROGRAM ... {input} ... {output}': files with that ending are scans too; raki-job run converts them, "
                                    "with the same rule; may be repeated (in the environment one a line)", metavar="RULE", repeated=True)
    archives: list[str] = option([], "s3://BUCKET/KEY or a path", positional="+", metavar="ARCHIVE")
    output: str = option("", "where units and manifest go: s3://BUCKET/PREFIX or a folder; they get a folder of their own there", metavar="PLACE",
                         from_environment=True)
    results: str = option("", "where results go, as the manifest says it: s3://BUCKET/PREFIX or a folder", metavar="PLACE",
                          from_environment=True)
    etag: str = option("", "refuse an archive in S3 that is another by now", metavar="ETAG")
    set: list[str] = option([], "of `raki recon`, for all units: method=raki, for example; may be repeated", metavar="NAME=VALUE", repeated=True)
    units_per_index: int = option(1, "pack so many scans into one index of the array", metavar="N")


def parse_split(arguments, environment):
    options = command_line.parse(SplitOptions, "raki-job split", arguments, environment, EPILOG)
    if not options.output or not options.results or (options.etag and len(options.archives) > 1):
        raise Stop(Exit.USAGE, "Wrong usage: found no output, no results, or an ETag for several archives, expected --output PLACE and --results PLACE, "
                               "and --etag for one archive only. On the command line. See raki-job split --help.")
    return options
