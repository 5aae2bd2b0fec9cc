"""The manifest: the units of a job, what is done with them and where results go."""

import dataclasses
import json
import math
import os
import posixpath
import re

from . import s3
from .archive_names import kind_of
from .exits import Exit, Stop, from_os_error
from .s3_reader import S3Reader

FORMAT = "raki-manifest-1"
MOST_INDICES = 10_000  # AWS Batch's longest array
MOST_BYTES = 64 << 20
ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
OPTION = re.compile(r"[a-z][a-z0-9-]{0,63}")
JOBS_OPTIONS = {"output-folder", "o", "overwrite", "config", "log", "device", "threads", "trust"}  # trust: who sends a file does not decide that
FILE_OPTIONS = ("calibration", "dicom-template", "mask", "noise")  # their files are fetched as inputs are, and part of a run's identity


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    id: str
    input: str  # as written, which is part of the unit's identity
    place: str  # where that is: s3://... or an absolute path
    options: dict  # the manifest's with the unit's own over them
    bytes: int | None = None
    etag: str | None = None
    files: dict = dataclasses.field(default_factory=dict)  # option that names a file -> where that is


@dataclasses.dataclass(frozen=True)
class Manifest:
    output: str  # s3://... or an absolute path, without "/" at its end
    units: list[Unit]
    units_per_index: int = 1

    @property
    def indices(self):
        return math.ceil(len(self.units) / self.units_per_index)

    def of_index(self, me):
        """The units of the index that `me` (index.Identity) has, without one all. An array that is too short would leave units out without a word."""
        index = me.index
        if index is None:
            return self.units
        if me.is_whole_array and me.array_size < self.indices:
            raise Stop(Exit.CONFIGURATION, f"Array too short: found {me.array_size} indices, expected {self.indices}. In the manifest and the array that was "
                                           "submitted for it. Submit an array of that size, or raise units_per_index.")
        if index >= self.indices:
            raise Stop(Exit.CONFIGURATION, f"No such index: found {index}, expected 0 to {self.indices - 1}. In the manifest. "
                                           f"Give the array {self.indices} tasks.")
        return self.units[index * self.units_per_index:(index + 1) * self.units_per_index]


def load(address):
    """The manifest at s3://... or a path."""
    what = "the manifest"
    place = s3.place_of(address)
    try:
        with S3Reader(place, what) if place else open(address, "rb") as stream:
            text = stream.read(MOST_BYTES + 1) if not place else _all_of(stream)
    except OSError as error:
        raise from_os_error(error, what) from None
    base = address.rpartition("/")[0] + "/" if place else os.path.dirname(os.path.abspath(address)) + "/"
    return parse(text, base)


def _all_of(reader):
    """A raw read may be short."""
    text = b""
    while len(text) <= MOST_BYTES and (block := reader.read(1 << 20)):
        text += block
    return text


def parse(text, base):
    """`base` is the folder (or s3://bucket/prefix/) of relative paths, with a "/" at its end. Throws Stop(78): never half a manifest."""
    if len(text) > MOST_BYTES:
        raise _wrong(f"more than {MOST_BYTES} bytes", "a smaller one", "the file")
    try:
        data = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _wrong("no JSON, or a key twice", "JSON in UTF-8", "the file") from None
    _check_keys(data, {"format", "output", "units"}, {"options", "units_per_index"}, "the top level")
    if data["format"] != FORMAT:
        raise _wrong("another format", FORMAT, "format")
    per_index = data.get("units_per_index", 1)
    if not _is_count(per_index, 1) or not isinstance(data["units"], list) or not data["units"]:
        raise _wrong("something else", "a list of one unit or more, and a number from 1", "units, units_per_index")
    common = _options(data.get("options", {}), "options")
    units = [_unit(entry, number, common, base) for number, entry in enumerate(data["units"])]
    if len({unit.id for unit in units}) < len(units):
        raise _wrong("an id twice", "one of its own for each unit", "units")
    manifest = Manifest(_resolved(data["output"], base, "output").rstrip("/"), units, per_index)
    if manifest.indices > MOST_INDICES:
        raise _wrong(f"{manifest.indices} indices", f"at most {MOST_INDICES}: a larger units_per_index", "units")
    return manifest


def _wrong(found, expected, where):
    return Stop(Exit.CONFIGURATION, f"Wrong manifest: found {found}, expected {expected}. At {where}. Write it as jobs/cloud/README.md says.")


def _without_repeats(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made


def _no_number(_):
    raise ValueError


def _check_keys(entry, needed, allowed, where):
    if not isinstance(entry, dict):
        raise _wrong("no object", "an object", where)
    if missing := sorted(needed - entry.keys()):
        raise _wrong("a key missing", ", ".join(missing), where)
    if entry.keys() - needed - allowed:
        raise _wrong("an unknown key", f"no others than {', '.join(sorted(needed | allowed))}", where)


def _is_count(value, least):
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _unit(entry, number, common, base):
    where = f"unit {number} (from 0)"
    _check_keys(entry, {"id", "input"}, {"options", "bytes", "etag"}, where)
    if not isinstance(entry["id"], str) or not ID.fullmatch(entry["id"]) or entry["id"] in (".", ".."):
        raise _wrong("another id", "1 to 128 of A-Z a-z 0-9 . _ - and not . or ..", where)
    if not _is_count(entry.get("bytes", 0), 0) or not isinstance(entry.get("etag", ""), str):
        raise _wrong("other values", "bytes a number from 0, etag a text", where)
    options = {**common, **_options(entry.get("options", {}), where)}
    place, etag = _resolved(entry["input"], base, where), entry.get("etag", "").strip('"') or None
    if etag and (s3.place_of(place) is None or place.endswith("/")):
        raise _wrong("the etag of a file on a disk or of a prefix", "none: only an object in S3 has one", where)
    files = {name: _file(options[name], base, f"{where}, option {name}") for name in FILE_OPTIONS if name in options}
    return Unit(entry["id"], entry["input"], place, options, entry.get("bytes"), etag, files)


def _file(address, base, where):
    """One file, as it is: no archive, no folder."""
    place = _resolved(address, base, where)
    if place.endswith("/") or kind_of(place) or (in_s3 := s3.place_of(place)) and not in_s3.key:
        raise _wrong("a folder or an archive", "one file", where)
    return place


def _options(options, where):
    if not isinstance(options, dict) or not all(OPTION.fullmatch(name) and name not in JOBS_OPTIONS for name in options):
        raise _wrong("other options", "names of long options of `raki recon` without dashes before them, none of the job's own (device, overwrite, ...)", where)
    for value in options.values():
        listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not listed and not isinstance(value, (str, int, float, bool)):
            raise _wrong("an option of another kind", "text, number, true, false or a list of texts", where)
    return options


def _resolved(address, base, where):
    """s3://... or an absolute path, a "/" at the end kept: it marks a folder."""
    if not isinstance(address, str) or not address or not address.isprintable():
        raise _wrong("no address", "s3://BUCKET/KEY or a path", where)
    if "://" in address or address.startswith("/"):
        s3.place_of(address)
        return address
    joined = posixpath.normpath(address) + "/" * address.endswith("/")
    joined = joined.removeprefix("./")
    if joined.split("/")[0] == ".." and "://" in base:
        raise _wrong("a path that leads out of the manifest's prefix", "one below it, or s3://BUCKET/KEY", where)
    return base + joined if "://" in base else os.path.normpath(base + joined) + "/" * address.endswith("/")
