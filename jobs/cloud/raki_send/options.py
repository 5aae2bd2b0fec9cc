"""What a user can choose: the names, defaults and help of the command line stand here and nowhere else."""

import dataclasses
import math

from raki_cloud.command_line import Parser
from raki_cloud.exits import Exit, Stop


def _option(default, help_text, **more):
    return dataclasses.field(default=default, metadata={"help": help_text, **more})


@dataclasses.dataclass(frozen=True)
class Options:
    files: list[str]
    stow: str = _option("", "DICOMweb address, for example https://pacs.example.org/dicom-web; /studies is added where it is missing", metavar="URL")
    json: bool = _option(False, "one JSON object a file on standard output instead of the summary")
    record: str = _option("", "file that remembers what this address has stored: such files are not sent again", metavar="FILE")
    most_bytes: int = _option(100_000_000, "longest request in bytes (servers limit it: AWS HealthImaging to 1 GB)", metavar="N")
    attempts: int = _option(5, "give up after so many requests in a row that brought nothing", metavar="N")
    wait: float = _option(1.0, "seconds before the second attempt; twice as long each time, at most 60, varied by chance", metavar="SECONDS")
    timeout: float = _option(120.0, "seconds without a sign of the server that end an attempt", metavar="SECONDS")
    ca: str = _option("", "certificates (PEM) to trust instead of the system's", metavar="FILE")
    plain_http: bool = _option(False, "send password or token over http to another machine, where everybody on the way can read them")


def parse(arguments):
    parser = Parser(prog="raki-send", allow_abbrev=False, description="Send DICOM files to a DICOMweb server (STOW-RS).",
                     epilog="Credentials come from the environment only: RAKI_STOW_TOKEN, or RAKI_STOW_USER and RAKI_STOW_PASSWORD.")
    for field in dataclasses.fields(Options):
        if field.name == "files":
            parser.add_argument("files", nargs="+", metavar="DIR", help="folder with DICOM files below it (a result of raki recon), or a DICOM file")
        elif field.type is bool:
            parser.add_argument("--" + field.name.replace("_", "-"), action="store_true", help=field.metadata["help"])
        else:
            shown = f" (default {field.default})" if field.default else ""
            parser.add_argument("--" + field.name.replace("_", "-"), type=field.type, default=field.default, required=field.name == "stow",
                                metavar=field.metadata["metavar"], help=field.metadata["help"] + shown)
    options = Options(**vars(parser.parse_args(arguments)))
    for name in ("most_bytes", "attempts", "wait", "timeout"):
        if not 0 < (value := getattr(options, name)) < math.inf:
            raise Stop(Exit.USAGE, f"Wrong usage: found --{name.replace('_', '-')} {value}, expected a number above 0. Leave it out for the default.")
    return options
