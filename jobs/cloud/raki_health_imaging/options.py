"""What a user can choose: the names, defaults and help of the command line stand here and nowhere else."""

import dataclasses
import math
import os
import re

from raki_cloud import s3
from raki_cloud.command_line import Parser
from raki_cloud.exits import Exit, Stop

ID = re.compile(r"[0-9a-z]{32}")
INPUT_FOLDERS = ("HOLOSCAN_INPUT_PATH", "MONAI_INPUTPATH")  # where an application of MONAI Deploy reads: App SDK from 0.6 on, and before
MOST_CONNECTIONS = 64


@dataclasses.dataclass(frozen=True)
class Import:
    input: s3.Place  # a prefix with "/" at its end
    datastore: str
    role: str
    output: s3.Place  # likewise
    json: bool
    poll: float
    give_up: float


@dataclasses.dataclass(frozen=True)
class Fetch:
    image_set: str
    datastore: str
    output: str
    kind: str
    version: str | None
    connections: int
    raki: str
    threads: int


def parse(arguments):
    parser = Parser(prog="raki-health-imaging", allow_abbrev=False, description="DICOM files into AWS HealthImaging, and image sets out of it.",
                    epilog="Credentials and region come from where boto3 looks for them, never from the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_import(commands)
    _add_fetch(commands)
    given = vars(parser.parse_args(arguments))
    command = given.pop("command")
    if not ID.fullmatch(given["datastore"]):
        raise _wrong("--datastore", "32 of 0-9 a-z")
    return _import(given) if command == "import" else _fetch(given)


def _add_import(commands):
    parser = commands.add_parser("import", allow_abbrev=False, help="import all DICOM files below a prefix and tell what became of each")
    parser.add_argument("input", metavar="s3://BUCKET/PREFIX", help="all files below it: `raki-job run` wrote them")
    parser.add_argument("--datastore", required=True, metavar="ID", help="the data store")
    parser.add_argument("--role", required=True, metavar="ARN", help="role of HealthImaging: may read the input and write the output")
    parser.add_argument("--output", required=True, metavar="s3://BUCKET/PREFIX", help="where its manifests and our record of the import go")
    parser.add_argument("--json", action="store_true", help="one JSON object a file on standard output instead of the summary")
    parser.add_argument("--poll", type=float, default=5.0, metavar="SECONDS", help="first pause between looks at the job, up to 30 later (default 5)")
    parser.add_argument("--give-up", type=float, default=3600.0, metavar="SECONDS",
                        help="stop following it then, with exit code 75; the same command goes on (default 3600)")


def _add_fetch(commands):
    parser = commands.add_parser("fetch-imageset", allow_abbrev=False, help="an image set as DICOM files or arrays, every pixel checked")
    parser.add_argument("image_set", metavar="ID", help="the image set")
    parser.add_argument("--datastore", required=True, metavar="ID", help="the data store it is in")
    parser.add_argument("-o", "--output", metavar="DIR", default=next((os.environ[name] for name in INPUT_FOLDERS if os.environ.get(name)), None),
                        help=f"new or empty folder (default: {' or '.join(INPUT_FOLDERS)} of the environment)")
    parser.add_argument("--as", dest="kind", choices=("dicom", "npy"), default="dicom", help="uncompressed DICOM files, or an array and its geometry")
    parser.add_argument("--version", metavar="N", help="version of the image set (default: the newest)")
    parser.add_argument("--connections", type=int, default=8, metavar="N", help="frames on their way at a time (default 8)")
    parser.add_argument("--raki", default="raki", metavar="PROGRAM", help="the engine, whose decoder is used (default raki)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="of the decoder; 0: all cores this process may use (default)")


def _import(given):
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", given["role"]):
        raise _wrong("--role", "arn:aws:iam::ACCOUNT:role/NAME")
    for name in ("poll", "give_up"):
        if not 0 < given[name] < math.inf:
            raise _wrong("--" + name.replace("_", "-"), "a number above 0")
    places = {"input": _prefix(given["input"], "the input"), "output": _prefix(given["output"], "--output")}
    if f"{places['output']}".startswith(f"{places['input']}"):
        raise _wrong("--output", "a prefix that is not below the input: HealthImaging imports all that is there")
    return Import(**{**given, **places})


def _fetch(given):
    if not ID.fullmatch(given["image_set"]):
        raise _wrong("the image set", "32 of 0-9 a-z")
    if not given["output"]:
        raise _wrong("--output", f"a folder, or one in {' or '.join(INPUT_FOLDERS)}")
    if given["version"] is not None and not re.fullmatch(r"[0-9]{1,9}", given["version"]):
        raise _wrong("--version", "a number from 1")
    if not 1 <= given["connections"] <= MOST_CONNECTIONS or given["threads"] < 0:
        raise _wrong("--connections or --threads", f"1 to {MOST_CONNECTIONS}, and a number from 0")
    return Fetch(**given)


def _prefix(address, where):
    """A prefix without "/" at its end would take in its neighbours: run1 begins run10."""
    if (place := s3.place_of(address)) is None:
        raise _wrong(where, "s3://BUCKET/PREFIX")
    return place if not place.key or place.key.endswith("/") else dataclasses.replace(place, key=place.key + "/")


def _wrong(where, expected):
    return Stop(Exit.USAGE, f"Wrong usage: found something else, expected {expected}. In {where}. See raki-health-imaging --help.")
