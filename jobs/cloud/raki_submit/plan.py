"""From a message to jobs: pure functions, the same for Lambda, daemon and tests.

What is submitted follows from the message and from what lies in S3 at that moment, nothing else. A job's token is made of address and
ETag, so that the same event a second time, or an older event of an object that has changed since, leads to the same token."""

import dataclasses
import hashlib

from raki_cloud import manifest
from raki_cloud.archive_names import kind_of
from raki_cloud.exits import Stop

from . import events
from .events import Ignored, Poison

ENDING = ".manifest.json"


@dataclasses.dataclass(frozen=True)
class Targets:
    """Where jobs go. Without `split_definition` archives are left alone."""

    job_queue: str
    job_definition: str
    results: str  # s3://bucket/prefix
    split_definition: str = ""
    split_queue: str = ""  # job_queue, where empty
    prepared: str = ""  # s3://bucket/prefix for what split jobs unpack


@dataclasses.dataclass(frozen=True)
class Submission:
    token: str  # 32 hex digits
    request: dict  # arguments of SubmitJob

    @property
    def name(self):
        return self.request["jobName"]

    @property
    def array_size(self):
        return self.request.get("arrayProperties", {}).get("size", 1)


@dataclasses.dataclass(frozen=True)
class Object:
    text: bytes
    etag: str


def plan(text, read, targets):
    """A Submission, an Ignored or a Poison for each event in the message `text`. `read` gives the Object at a Place, or None."""
    return [_planned(entry, read, targets) if isinstance(entry, events.Notice) else entry for entry in events.read(text)]


def _planned(notice, read, targets):
    if notice.place.key.endswith(ENDING):
        return _array(notice, read(notice.place), targets)
    if kind_of(notice.place.key) and targets.split_definition:
        return _split(notice, targets)
    return Ignored("a key that is no manifest's")


def _array(notice, found, targets):
    """As many indices as the manifest has that is there now; one alone is a plain job, for an array has two or more."""
    if found is None:
        return Ignored("a manifest that is no longer there")
    try:
        indices = manifest.parse(found.text, str(notice.place).rpartition("/")[0] + "/").indices
    except Stop as stop:
        return Poison(str(stop))
    array = {"arrayProperties": {"size": indices}} if indices > 1 else {}
    return _submission("raki", notice.place, found.etag, {
        "jobQueue": targets.job_queue, "jobDefinition": targets.job_definition, "parameters": {"manifest": str(notice.place)}, **array})


def _split(notice, targets):
    """An array's size is not known before the archive is open: the split job writes a manifest, and its event starts the array. An
    archive that is another by the time the job starts is refused by its ETag: there is an event of the other one too."""
    parameters = {"archive": str(notice.place), "etag": notice.etag, "output": targets.prepared, "results": f"{targets.results}/{notice.place.key}"}
    return _submission("raki-split", notice.place, notice.etag, {
        "jobQueue": targets.split_queue or targets.job_queue, "jobDefinition": targets.split_definition, "parameters": parameters})


def token_of(place, etag):
    return hashlib.sha256(f"{place}\n{etag}".encode()).hexdigest()[:32]


def _submission(prefix, place, etag, request):
    """The job's name ends with the token, and says nothing else: keys may hold names of people."""
    token = token_of(place, etag)
    return Submission(token, {"jobName": f"{prefix}-{token}", **request})
