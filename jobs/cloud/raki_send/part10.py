"""The meta header of a DICOM file (PS3.10 section 7.1): who the file is, without a look at its data set."""

import dataclasses
import re
import struct

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"  # the SOP class of a DICOMDIR
LONG_LENGTH = {b"OB", b"UN"}  # the value representations of a meta header whose length has 4 bytes
MOST_META_BYTES = 1 << 20
UID = re.compile(r"[0-9][0-9.]{0,63}")


class NotDicom(Exception):
    """The file is no Part 10 file; the text says what was found."""


@dataclasses.dataclass(frozen=True)
class MetaHeader:
    sop_class: str
    sop_instance: str
    transfer_syntax: str


def has_prefix(path):
    """Whether DICM stands behind the preamble."""
    with open(path, "rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def read_meta_header(path):
    """Throws NotDicom, or OSError where the file cannot be read."""
    with open(path, "rb") as stream:
        if stream.read(132)[128:] != b"DICM":
            raise NotDicom("no DICM behind 128 bytes")
        try:
            values = dict(_elements(stream))
        except struct.error:
            raise NotDicom("a meta header that ends too early") from None
    return MetaHeader(*(_uid(values, element) for element in (0x0002, 0x0003, 0x0010)))


def _elements(stream):
    """(element number, value) of group 0002, which is explicit little endian whatever follows it."""
    while len(head := stream.read(8)) == 8:
        group, element, kind, length = struct.unpack("<HH2sH", head)
        if group != 2:
            return
        if kind in LONG_LENGTH:
            length, = struct.unpack("<I", stream.read(4))
        if stream.tell() + length > MOST_META_BYTES:
            raise NotDicom(f"a meta header of more than {MOST_META_BYTES} bytes")
        yield element, stream.read(length)


def _uid(values, element):
    text = values.get(element, b"").decode("ascii", "replace").rstrip("\0 ")
    if not UID.fullmatch(text):
        raise NotDicom(f"no UID in (0002,{element:04X})")
    return text
