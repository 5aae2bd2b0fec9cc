"""What a request of `raki-job serve` asks for, as a manifest, and what it is answered: the two payloads, and exit codes as HTTP statuses.

A request names places in S3 only, never a path of this machine: whoever may talk to the port need not be allowed to read its disk."""

import dataclasses
import json
import os
import pathlib
import zipfile

from raki_cloud import manifest as manifests
from raki_cloud import multipart, s3
from raki_cloud.exits import Exit, Stop

MOST_JSON_BYTES = 1 << 20
SCANS = {"application/x-hdf5": ".h5", "application/x-ismrmrd": ".mrd", "application/zip": ".zip", "application/x-tar": ".tar"}
ANY = {"application/octet-stream"}  # what it is shows in the first bytes
HDF5_MAGIC, ZIP_MAGIC = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"  # options of raki recon as JSON, beside a scan
BLOCK_BYTES = 1 << 18

STATUSES = {Exit.DONE: (200, ""), Exit.USAGE: (400, "usage"), Exit.CONFIGURATION: (400, "configuration"), Exit.DATA: (422, "corrupt or unsupported data"),
            Exit.NO_INPUT: (404, "input missing"), Exit.NO_PERMISSION: (403, "access denied"), Exit.CANNOT_CREATE: (409, "output cannot be created"),
            Exit.BUG: (500, "internal error: our bug"), Exit.OUT_OF_MEMORY: (507, "out of memory"), Exit.UNAVAILABLE: (503, "no usable GPU"),
            Exit.IO: (503, "reading or writing failed; try again"), Exit.TRY_AGAIN: (503, "interrupted, or a unit failed that may pass; try again")}


class NotHttp(Exception):
    """A request that is refused before it is one of ours."""

    def __init__(self, status, words):
        super().__init__(words)
        self.status = status


def answer_of(code):
    """(HTTP status, words) of an exit code."""
    return STATUSES[code]


@dataclasses.dataclass(frozen=True)
class Request:
    manifest: manifests.Manifest
    is_pointer: bool  # results go to S3; else they are the answer
    accept: str = ""

    def place_of(self, unit):
        """Where a unit's result is, if it has one there."""
        if not self.is_pointer or unit["exit"]:
            return {}
        return {"result": f"{self.manifest.output}/{unit['id']}/{unit['run_id']}/"}

    def packed(self, run_id):
        """(content type, length, blocks) of the answer that holds the result itself."""
        folder = pathlib.Path(self.manifest.output) / self.manifest.units[0].id / run_id
        return _as_dicom(folder) if "multipart/related" in self.accept else _as_zip(folder)


def manifest_of(headers, body, folder):
    """The Request in the file `body`. Throws NotHttp and Stop."""
    kind = headers.get_content_type()
    if kind == "application/json":
        return Request(_pointed(body.read_bytes()), True)
    if kind not in SCANS and kind not in ANY:
        raise NotHttp(415, "found another Content-Type, expected application/json, application/octet-stream or " + ", ".join(SCANS))
    accept = headers.get("Accept", "")
    if accept and not any(known in accept for known in ("application/zip", "multipart/related", "application/octet-stream", "*/*", "application/*")):
        raise NotHttp(406, "found another Accept, expected application/zip or multipart/related")
    path = folder / f"scan{SCANS.get(kind) or _ending_of(body)}"
    os.rename(body, path)
    unit = {"id": "scan", "input": str(path), "options": _options(headers.get(ATTRIBUTES, ""))}
    made = _parsed({"output": str(folder / "out"), "units": [unit]})
    if made.units[0].files:  # they would come back in the answer, to whoever asks
        raise _wrong("an option that names a file")
    return Request(made, False, accept)


def _pointed(text):
    """{"manifest": "s3://..."} or {"input", "output", "options", "id"}."""
    asked = _object(text)
    if asked.keys() == {"manifest"}:
        if not isinstance(asked["manifest"], str) or s3.place_of(asked["manifest"]) is None:
            raise _wrong("manifest")
        found = manifests.load(asked["manifest"])
    elif {"input", "output"} <= asked.keys() <= {"input", "output", "options", "id"}:
        unit = {"id": asked.get("id", "scan"), "input": asked["input"], "options": asked.get("options", {})}
        found = _parsed({"output": asked["output"], "units": [unit]})
    else:
        raise _wrong("its keys")
    addresses = [found.output, *(place for unit in found.units for place in (unit.place, *unit.files.values()))]
    if any(s3.place_of(address) is None for address in addresses):
        raise _wrong("an address")
    return found


def _parsed(manifest):
    return manifests.parse(json.dumps({"format": manifests.FORMAT, **manifest}).encode(), "/")


def _options(text):
    return _object(text) if text.strip() else {}


def _object(text):
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _wrong("the payload or its options")
    return value


def _wrong(where):
    return Stop(Exit.CONFIGURATION, f"Wrong request: found something else, expected {{\"manifest\": \"s3://...\"}} or {{\"input\": \"s3://...\", \"output\": \"s3://...\"}}, "
                                    f"with \"options\" and \"id\" if need be. At {where}. Correct it.")


def _ending_of(body):
    with open(body, "rb") as stream:
        head = stream.read(8)
    return ".h5" if head == HDF5_MAGIC else ".zip" if head.startswith(ZIP_MAGIC) else ".mrd"


def _as_zip(folder):
    """Stored, not deflated: what is large in it is compressed already."""
    path = folder.parent / "result.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for one in sorted(folder.rglob("*")):
            if one.is_file() and one.name != "_SUCCESS.json":
                archive.write(one, one.relative_to(folder).as_posix())
    return "application/zip", path.stat().st_size, _blocks(path)


def _blocks(path):
    with open(path, "rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


@dataclasses.dataclass(frozen=True)
class _File:
    path: pathlib.Path
    bytes: int


def _as_dicom(folder):
    files = [_File(path, path.stat().st_size) for path in sorted(folder.rglob("*.dcm"))]
    if not files:
        raise NotHttp(406, "found no DICOM file in the result, expected some: ask for application/zip")
    boundary = multipart.new_boundary()
    return multipart.content_type(boundary), multipart.request_bytes([one.bytes for one in files]), multipart.body(files, boundary)
