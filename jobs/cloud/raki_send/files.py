"""Which files are sent, in which order, and what becomes of each."""

import collections
import dataclasses
import hashlib
import os
import pathlib
import stat

from raki_cloud.exits import Exit, Stop, from_os_error
from raki_cloud.multipart import request_bytes

from .part10 import MEDIA_DIRECTORY, NotDicom, has_prefix, read_meta_header

STORED, WARNING, REFUSED, FAILED = "stored", "warning", "refused", "failed"


@dataclasses.dataclass(slots=True)
class Instance:
    """A file and what became of it; `status` is None until that is known."""

    path: pathlib.Path
    bytes: int = 0
    uid: str | None = None  # SOP Instance UID
    transfer_syntax: str = ""
    sha256: str | None = None  # of the whole file, where a record asks for it
    status: str | None = None
    reason: str = ""
    attempts: int = 0  # requests that carried it
    began: float = 0  # monotonic seconds of the first of them
    seconds: float = 0  # from then until its fate was known
    code: Exit = Exit.DONE  # what its fate means for the exit code
    arrived: bool = False  # the server says that it has these very bytes

    def settle(self, status, reason="", code=Exit.DONE, arrived=False):
        self.status, self.reason, self.code, self.arrived = status, reason, code, arrived


def find_files(arguments):
    """(files, how many others were left out): the arguments in their order, folders sorted by name. Of a folder everything that
    is DICOM or is called .dcm; no DICOMDIR, and nothing whose name begins with a dot. A file twice is sent once."""
    found, left_out = {}, 0
    for argument in map(pathlib.Path, arguments):
        try:
            if not stat.S_ISDIR(argument.stat().st_mode):
                found.setdefault(argument.resolve(), argument)
                continue
            for path in _below(argument):
                if _looks_like_dicom(path):
                    found.setdefault(path.resolve(), path)
                else:
                    left_out += 1
        except OSError as error:
            raise from_os_error(error, error.filename or argument) from error
    if not found:
        raise Stop(Exit.NO_INPUT, f"Nothing to send: found no DICOM file among {left_out} files, expected one or more. "
                                  f"In {', '.join(map(str, arguments))}. Check the path; `raki recon` writes them with --output dicom.")
    return list(found.values()), left_out


def _below(folder):
    def stop(error):
        raise error

    for parent, folders, names in os.walk(folder, onerror=stop):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (pathlib.Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _looks_like_dicom(path):
    if not stat.S_ISREG(path.stat().st_mode):
        return False
    return path.suffix.lower() == ".dcm" or (has_prefix(path) and path.name != "DICOMDIR")


def read_instances(paths, most_bytes, with_sha256):
    """The files as instances; those that can never be stored are refused already. Throws Stop where a file cannot be read."""
    instances, first_of = [], {}
    for path in paths:
        try:
            one = _read_instance(path, with_sha256)
        except OSError as error:
            raise from_os_error(error, path) from error
        _refuse_what_is_too_large(one, most_bytes)
        if one.uid is not None and (first := first_of.setdefault(one.uid, one)) is not one:
            one.settle(REFUSED, f"Same instance twice: found the SOP Instance UID of {first.path}, expected one of its own. "
                                "Remove one of the two: a server keeps only one.", Exit.DATA)
        instances.append(one)
    return instances


def _read_instance(path, with_sha256):
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise Stop(Exit.NO_INPUT, f"Not a file: found a pipe or device, expected a DICOM file or a folder. At {path}. Name a file.")
    one = Instance(path, info.st_size)
    try:
        meta = read_meta_header(path)
        if meta.sop_class == MEDIA_DIRECTORY:
            raise NotDicom("a DICOMDIR, which lists files and is no instance")
    except NotDicom as error:
        one.settle(REFUSED, f"Not DICOM: found {error}, expected a Part 10 file with meta header. Send another file.", Exit.DATA)
        return one
    one.uid, one.transfer_syntax = meta.sop_instance, meta.transfer_syntax
    if with_sha256:
        with open(path, "rb") as stream:
            one.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return one


def _refuse_what_is_too_large(one, most_bytes):
    if one.status is None and (needed := request_bytes([one.bytes])) > most_bytes:
        one.settle(REFUSED, f"Too large for one request: found {needed} bytes with its envelope, expected at most {most_bytes}. "
                            "Raise --most-bytes if the server takes it.", Exit.DATA)


def counts(instances):
    """How many have each status."""
    return collections.Counter(one.status for one in instances)
