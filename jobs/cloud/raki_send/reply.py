"""What a server says it has done with each instance: the Store Instances Response Module (PS3.18 table 10.5.3-2), as DICOM JSON
(PS3.18 annex F) or as XML (Native DICOM Model, PS3.19 annex A.1)."""

import dataclasses
import json
import xml.etree.ElementTree

REFERENCED, FAILED = "00081199", "00081198"
INSTANCE, WARNING_REASON, FAILURE_REASON = "00081155", "00081196", "00081197"

# PS3.18 tables 10.5.3-3 and 10.5.3-4 and PS3.7 annex C.
MEANINGS = {0x0110: "processing failure", 0x0111: "there already", 0x0122: "SOP class not supported", 0x0124: "not authorized",
            0xB000: "some values were changed", 0xB006: "some elements were discarded", 0xB007: "data set does not match its SOP class",
            0xB00E: "there already", 0xC122: "transfer syntax not supported"}
RANGES = ((0xA700, 0xA7FF, "out of resources"), (0xA900, 0xA9FF, "data set does not match its SOP class"), (0xC000, 0xCFFF, "cannot be understood"))


@dataclasses.dataclass(frozen=True)
class Fates:
    """Reasons by SOP Instance UID; None where the server gave none."""

    stored: dict[str, int | None]
    failed: dict[str, int | None]


def read_fates(body):
    """Of a reply that is neither JSON nor XML of the kind: nothing about nobody."""
    try:
        if body.lstrip()[:1] == b"<":
            data = _from_xml(xml.etree.ElementTree.fromstring(body))
        else:
            data = json.loads(body)
        data = data[0] if isinstance(data, list) else data
        return Fates(_reasons(data, REFERENCED, WARNING_REASON), _reasons(data, FAILED, FAILURE_REASON))
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError, xml.etree.ElementTree.ParseError):
        return Fates({}, {})


def _reasons(data, sequence, reason):
    reasons = {}
    for item in data.get(sequence, {}).get("Value", []):
        uid = _value(item, INSTANCE)
        if uid is not None:
            found = _value(item, reason)
            reasons[str(uid).strip()] = None if found is None else int(found)
    return reasons


def _value(item, tag):
    return next(iter(item.get(tag, {}).get("Value", [])), None)


def _from_xml(parent):
    """DicomAttribute elements as in DICOM JSON, whatever their XML namespace."""
    attributes = {}
    for attribute in parent:
        children = [(child.tag.rpartition("}")[2], child) for child in attribute]
        values = [_from_xml(child) for name, child in children if name == "Item"]
        values = values or [child.text for name, child in children if name == "Value" and child.text]
        attributes[attribute.get("tag")] = {"Value": values}
    return attributes


def words(reason):
    """A reason as number and meaning."""
    if reason is None:
        return "no reason"
    meaning = MEANINGS.get(reason) or next((text for low, high, text in RANGES if low <= reason <= high), "")
    return f"reason {reason:04X}H" + (f" ({meaning})" if meaning else "")


def is_duplicate(reason):
    """The server has an instance of that name and keeps it. 0111H: PS3.7; B00EH: Azure's DICOM service."""
    return reason in (0x0111, 0xB00E)


def may_pass(reason):
    """Whether the same instance may be taken later."""
    return reason in (None, 0x0110) or 0xA700 <= reason <= 0xA7FF
