"""The metadata of an image set: gzip, JSON, patient and study and series said once, an instance's own beside its frames."""

import dataclasses
import json
import re
import zlib

from raki_cloud.exits import Exit, Stop

from .options import ID

MOST_BYTES = 256 << 20  # unpacked
MOST_FRAMES = 1_000_000
HTJ2K_RPCL = "1.2.840.10008.1.2.4.202"  # what is stored where nothing is said
EXPLICIT_LE = "1.2.840.10008.1.2.1"
CODESTREAMS = {HTJ2K_RPCL, "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
UID = re.compile(r"[0-9][0-9.]{0,63}")


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    id: str
    stored_bytes: int | None  # as GetImageFrame gives them
    crc32: int | None  # of the decoded pixels at full resolution
    pixel_bytes: int  # decoded
    is_codestream: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Instance:
    uid: str
    attributes: dict  # of patient, study, series and instance; keywords, or eight hex digits
    vrs: dict  # value representations, where the dictionary cannot know them
    frames: list[Frame]

    def number(self, keyword, default=0):
        return int(str(self.attributes.get(keyword) or default).strip())


@dataclasses.dataclass(frozen=True)
class Series:
    uid: str
    instances: list[Instance]


def read(stream):
    """The series with pixels, in the order of their numbers, their instances likewise."""
    data = _unpacked(stream)
    try:
        common = {**data["Patient"]["DICOM"], **data["Study"]["DICOM"]}
        series = [_series(uid, entry, common) for uid, entry in data["Study"]["Series"].items()]
    except (LookupError, TypeError, ValueError, AttributeError):
        raise _wrong("another structure", "patient, study, series, instances and frames") from None
    series = [one for one in series if one.instances]
    if not series:
        raise Stop(Exit.DATA, "No pixels: found no image frame, expected one or more. In the image set. Fetch another one.")
    if sum(len(instance.frames) for one in series for instance in one.instances) > MOST_FRAMES:
        raise _wrong("more frames", f"at most {MOST_FRAMES}")
    return sorted(series, key=lambda one: (one.instances[0].number("SeriesNumber"), one.uid))


def _wrong(found, expected):
    return Stop(Exit.DATA, f"Unusable metadata: found {found}, expected {expected}. In the image set. Report it, with the set's ID.")


def _unpacked(stream):
    """Whether a library on the way has unpacked it already or not; never more than MOST_BYTES."""
    text, unpacker = bytearray(), zlib.decompressobj(wbits=31)
    head = stream.read(2)
    is_packed = head == b"\x1f\x8b"
    block = head
    try:
        while block:
            text += unpacker.decompress(block, MOST_BYTES + 1 - len(text)) if is_packed else block
            if len(text) > MOST_BYTES:
                raise _wrong("more bytes", f"at most {MOST_BYTES}")
            block = stream.read(1 << 16)
        if is_packed and not unpacker.eof:
            raise _wrong("an end too early", "all of it")
        return json.loads(text)
    except (zlib.error, ValueError, RecursionError):
        raise _wrong("something else", "gzip and JSON") from None


def _series(uid, entry, common):
    if not UID.fullmatch(uid):
        raise ValueError
    shared = {**common, **entry["DICOM"]}
    instances = [_instance(name, one, shared) for name, one in entry["Instances"].items() if one.get("ImageFrames")]
    return Series(uid, sorted(instances, key=lambda one: (one.number("InstanceNumber"), one.uid)))


def _instance(uid, entry, shared):
    attributes = {**shared, **entry["DICOM"]}
    syntax = entry.get("StoredTransferSyntaxUID") or HTJ2K_RPCL
    if not UID.fullmatch(uid) or syntax not in CODESTREAMS | {EXPLICIT_LE}:
        raise Stop(Exit.DATA, "Unknown pixels: found another transfer syntax, expected HTJ2K, JPEG 2000 or Explicit VR Little Endian. In the image set. "
                              "Fetch it as stored, by DICOMweb.")
    instance = Instance(uid, attributes, entry.get("DICOMVRs") or {}, [])
    size = instance.number("Rows") * instance.number("Columns") * instance.number("SamplesPerPixel", 1) * (instance.number("BitsAllocated") // 8)
    is_checked = entry.get("ChecksumType", "DECOMPRESSED") == "DECOMPRESSED"
    instance.frames.extend(_frame(one, size, syntax in CODESTREAMS, is_checked) for one in entry["ImageFrames"])
    return instance


def _frame(entry, size, is_codestream, is_checked):
    if not ID.fullmatch(entry["ID"]) or size < 1:
        raise ValueError
    sums = entry.get("PixelDataChecksumFromBaseToFullResolution") or []
    whole = max(sums, key=lambda one: one["Width"] * one["Height"])["Checksum"] if sums and is_checked else None
    stored = entry.get("FrameSizeInBytes")
    return Frame(entry["ID"], None if stored is None else int(stored), whole, size, is_codestream)
