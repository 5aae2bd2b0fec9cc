"""What a user can choose: the names, defaults and help of the command line stand here and nowhere else."""

import dataclasses

from raki_cloud import command_line
from raki_cloud.command_line import option

EPILOG = "Credentials come from the environment only: RAKI_STOW_TOKEN, or RAKI_STOW_USER and RAKI_STOW_PASSWORD."


@dataclasses.dataclass(frozen=True)
class Options:
    """Send DICOM files to a DICOMweb server (STOW-RS)."""

    files: list[str] = option([], "folder with DICOM files below it (a result of raki recon), or a DICOM file", positional="+", metavar="DIR")
    stow: str = option("", "DICOMweb address, for example https://pacs.example.org/dicom-web; /studies is added where it is missing",
                       metavar="URL", required=True)
    json: bool = option(False, "one JSON object a file on standard output instead of the summary")
    record: str = option("", "file that remembers what this address has stored: such files are not sent again", metavar="FILE")
    most_bytes: int = option(100_000_000, "longest request in bytes (servers limit it: AWS HealthImaging to 1 GB)", metavar="N")
    attempts: int = option(5, "give up after so many requests in a row that brought nothing", metavar="N")
    wait: float = option(1.0, "seconds before the second attempt; twice as long each time, at most 60, varied by chance", metavar="SECONDS")
    timeout: float = option(120.0, "seconds without a sign of the server that end an attempt", metavar="SECONDS")
    ca: str = option("", "certificates (PEM) to trust instead of the system's", metavar="FILE")
    plain_http: bool = option(False, "send password or token over http to another machine, where everybody on the way can read them")


def parse(arguments):
    return command_line.parse(Options, "raki-send", arguments, epilog=EPILOG)
