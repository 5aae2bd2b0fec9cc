"""What a user can choose: the names, defaults and help of the command line stand here and nowhere else."""

import dataclasses
import re

from raki_cloud import command_line, s3
from raki_cloud.application import INPUTS, find
from raki_cloud.command_line import option
from raki_cloud.exits import Exit, Stop

ID = re.compile(r"[0-9a-z]{32}")
MOST_CONNECTIONS = 64
EPILOG = "Credentials and region come from where boto3 looks for them, never from the command line."
USAGE = "usage: raki-health-imaging import|fetch-imageset ...; --help behind either tells its options"


@dataclasses.dataclass(frozen=True)
class Import:
    """Import all DICOM files below a prefix of S3 into AWS HealthImaging, and tell what became of each."""

    input: str = option("", "all files below it; `raki-job run` wrote them", positional=None, metavar="s3://BUCKET/PREFIX")
    datastore: str = option("", "the data store", required=True, metavar="ID")
    role: str = option("", "role of HealthImaging: may read the input and write the output", required=True, metavar="ARN")
    output: str = option("", "where its manifests and our record of the import go", required=True, metavar="s3://BUCKET/PREFIX")
    json: bool = option(False, "one JSON object a file on standard output instead of the summary")
    poll: float = option(5.0, "first pause between looks at the job, up to 30 later", metavar="SECONDS")
    give_up: float = option(3600.0, "stop following it then, with exit code 75; the same command goes on", metavar="SECONDS")

    @property
    def source(self):
        return _prefix(self.input, "the input")

    @property
    def target(self):
        return _prefix(self.output, "--output")


@dataclasses.dataclass(frozen=True)
class Fetch:
    """Fetch an image set of AWS HealthImaging as DICOM files or arrays, every pixel checked."""

    image_set: str = option("", "the image set", positional=None, metavar="ID")
    datastore: str = option("", "the data store it is in", required=True, metavar="ID")
    output: str = option("", f"new or empty folder; else that of {' or '.join(INPUTS)}", flags=["-o", "--output"], metavar="DIR")
    kind: str = option("dicom", "dicom: uncompressed files; npy: arrays and their geometry", flags=["--as"], choices=("dicom", "npy"), metavar="KIND")
    version: str = option("", "version of the image set; else the newest", metavar="N")
    connections: int = option(8, "frames on their way at a time", metavar="N")
    raki: str = option("raki", "the engine, whose decoder is used", metavar="PROGRAM")
    threads: int = option(0, "of the decoder; 0: all cores this process may use", metavar="N", least=0)


def parse(arguments, environment):
    """An Import or a Fetch; None where help on the commands was asked for."""
    command, rest = arguments[:1], arguments[1:]
    if command == ["import"]:
        options = command_line.parse(Import, "raki-health-imaging import", rest, epilog=EPILOG)
        return _checked_import(options)
    if command == ["fetch-imageset"]:
        options = command_line.parse(Fetch, "raki-health-imaging fetch-imageset", rest, epilog=EPILOG)
        return _checked_fetch(dataclasses.replace(options, output=options.output or find(environment, INPUTS)))
    if command in (["-h"], ["--help"]):
        return None
    raise _wrong("the command", "import or fetch-imageset")


def _checked_import(options):
    _check_id(options.datastore, "--datastore")
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", options.role):
        raise _wrong("--role", "arn:aws:iam::ACCOUNT:role/NAME")
    if str(options.target).startswith(str(options.source)):
        raise _wrong("--output", "a prefix that is not below the input: HealthImaging imports all that is there")
    return options


def _checked_fetch(options):
    _check_id(options.datastore, "--datastore")
    _check_id(options.image_set, "the image set")
    if not options.output:
        raise _wrong("--output", f"a folder, or one in {' or '.join(INPUTS)}")
    if options.version and not re.fullmatch(r"[0-9]{1,9}", options.version):
        raise _wrong("--version", "a number from 1")
    if options.connections > MOST_CONNECTIONS:
        raise _wrong("--connections", f"1 to {MOST_CONNECTIONS}")
    return options


def _check_id(text, where):
    if not ID.fullmatch(text):
        raise _wrong(where, "32 of 0-9 a-z")


def _prefix(address, where):
    """With a "/" at its end: a prefix without would take in its neighbours, run1 begins run10."""
    if (place := s3.place_of(address)) is None:
        raise _wrong(where, "s3://BUCKET/PREFIX")
    return place if not place.key or place.key.endswith("/") else dataclasses.replace(place, key=place.key + "/")


def _wrong(where, expected):
    return Stop(Exit.USAGE, f"Wrong usage: found something else, expected {expected}. In {where}. See raki-health-imaging --help.")
