"""What an import job writes to S3: a summary, and one JSON object a line for every file that went in, in with a warning, or not."""

import dataclasses
import io
import json

from raki_cloud import s3
from raki_cloud.exits import Exit, Stop
from raki_cloud.s3_reader import S3Reader

MOST_SUMMARY_BYTES = 64 << 20
MOST_LINE_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class Outcome:
    """By key: the image set a file is in; the kind of error that kept one out; those with a warning."""

    imported: dict[str, str]
    failed: dict[str, str]
    warned: dict[str, str]
    not_primary: frozenset[str]  # image sets that contradict one that was there


def read(folder):
    """The Outcome of the job whose folder that is; None where it has written no summary yet."""
    summary = read_json(dataclasses.replace(folder, key=folder.key + "job-output-manifest.json"), MOST_SUMMARY_BYTES, "the manifest of an import")
    if summary is None:
        return None
    summary = summary.get("jobSummary", {})
    lines = {kind: list(_lines(_place(summary, folder, kind))) for kind in ("success", "failure", "warning")}
    return Outcome({_key(line, folder): str(line.get("importResponse", {}).get("imageSetId", "")) for line in lines["success"]},
                   {_key(line, folder): str(line.get("exception", {}).get("exceptionType", "")) for line in lines["failure"]},
                   {_key(line, folder): str(line.get("imageSetId", line.get("importResponse", {}).get("imageSetId", ""))) for line in lines["warning"]},
                   frozenset(one["imageSetId"] for one in summary.get("imageSetsSummary", []) if one.get("isPrimary") is False))


def _place(summary, folder, kind):
    """Of success.ndjson and the others: where the summary says, else at their usual place."""
    said = s3.place_of(summary.get(f"{kind}OutputS3Uri") or "") or dataclasses.replace(folder, key=f"{folder.key}{kind.upper()}/")
    return dataclasses.replace(said, key=f"{said.key.rstrip('/')}/{kind}.ndjson")


def _lines(place):
    """None of them where the object is absent: a job without failures writes no list of them."""
    if (stream := _opened(place, "a manifest of an import")) is None:
        return
    with stream:
        while text := stream.readline(MOST_LINE_BYTES + 1):
            if text.strip():
                yield _object(text, len(text) > MOST_LINE_BYTES)


def _key(line, folder):
    """Of the input file, which is told as a key, or with its bucket."""
    name = str(line.get("inputFile", ""))
    return name.removeprefix("s3://").partition("/")[2] if name.startswith("s3://") else name


def read_json(place, most_bytes, what):
    """The object at a place; None where there is none."""
    if (stream := _opened(place, what)) is None:
        return None
    with stream:
        text = stream.read(most_bytes + 1)
    return _object(text, len(text) > most_bytes)


def _opened(place, what):
    try:
        return io.BufferedReader(S3Reader(place, what), 1 << 16)
    except Stop as stop:
        if stop.code != Exit.NO_INPUT:
            raise
        return None


def _object(text, is_too_long):
    try:
        value = None if is_too_long else json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Stop(Exit.DATA, "Wrong manifest: found something else, expected a JSON object of usual length. Below --output. Was it changed by hand?")
    return value
