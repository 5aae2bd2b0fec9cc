"""An instance's metadata as a DICOM data set: texts to values of the right kind, by pydicom's dictionary."""

import base64
import re
import struct

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword

NUMBERS = {"US": "<H", "SS": "<h", "UL": "<I", "SL": "<i", "UV": "<Q", "SV": "<q", "FL": "<f", "FD": "<d"}
BINARY = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}
SPACES_COUNT = {"LT", "ST", "UT"}  # texts whose leading spaces belong to them
UTF_8 = "ISO_IR 192"
REPLACED = {0x00080005, 0x7FE00010}  # character set and pixels


def data_set(attributes, vrs):
    """(data set, number of attributes that could not be carried over). Text is UTF-8, since JSON told it in Unicode."""
    made, left_out = _filled(attributes, vrs, attributes.get("PixelRepresentation") == 1)
    made.SpecificCharacterSet = UTF_8
    return made, left_out


def _filled(attributes, vrs, is_signed):
    made, left_out = pydicom.Dataset(), 0
    for name, value in attributes.items():
        try:
            tag = _tag(name)
            if tag.group == 2 or tag in REPLACED:
                continue
            left_out += _add(made, tag, value, _vr(tag, vrs.get(name), is_signed), is_signed)
        except (KeyError, ValueError, TypeError, OverflowError, struct.error):
            left_out += 1
    return made, left_out


def _tag(name):
    if (number := tag_for_keyword(name)) is None:
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", name):
            raise KeyError(name)
        number = int(name, 16)
    return pydicom.tag.Tag(number)


def _vr(tag, told, is_signed):
    vr = told or dictionary_VR(tag)
    if "or" in vr:
        vr = ("SS" if is_signed else "US") if "SS" in vr else "OW"
    return vr


def _add(made, tag, value, vr, is_signed):
    """How many attributes of a sequence's items were left out."""
    left_out = 0
    if vr == "SQ":
        items = [_filled(item, {}, is_signed) for item in value or []]
        value, left_out = [item for item, _ in items], sum(count for _, count in items)
    elif value is not None:
        values = [_value(one, vr) for one in (value if isinstance(value, list) else [value])]
        value = values if len(values) > 1 else values[0] if values else None
    made.add_new(tag, vr, value)
    return left_out


def _value(value, vr):
    if value is None:
        return ""
    if vr in NUMBERS:
        number = float(value) if vr[0] == "F" else int(value)
        struct.pack(NUMBERS[vr], number)  # raises where it has no room there
        return number
    if vr in BINARY:
        return base64.b64decode(value, validate=True)
    if vr == "AT":
        return int(str(value).replace(",", "").strip("() "), 16)
    text = str(value).rstrip(" \0")
    return text if vr in SPACES_COUNT else text.strip()
