"""What became of each file of an import."""

import dataclasses
import json
import re

from raki_cloud.exits import Exit

IMPORTED, WARNING, REFUSED, FAILED, LEFT_OUT = "imported", "warning", "refused", "failed", "left out"
SIDE_CARS = (".json", ".png", ".npy", ".nii", ".nii.gz", ".h5", ".cfl", ".hdr")  # that a result folder holds beside DICOM files


@dataclasses.dataclass(frozen=True)
class Fate:
    key: str
    status: str
    reason: str = ""
    image_set: str | None = None
    code: Exit = Exit.DONE

    def json_line(self):
        return json.dumps({"key": self.key, "status": self.status, "reason": self.reason, "image_set": self.image_set})


def fates_of(keys, outcome):
    return [_fate(key, outcome) for key in keys]


def _fate(key, outcome):
    if (image_set := outcome.imported.get(key, outcome.warned.get(key))) is not None:
        if key in outcome.warned:
            return Fate(key, WARNING, "imported, but see WARNING/warning.ndjson: its pixels may be stored as they came", image_set or None)
        if image_set in outcome.not_primary:
            return Fate(key, WARNING, "in a set of its own: patient, study or series contradict what is stored", image_set)
        return Fate(key, IMPORTED, image_set=image_set)
    if key.lower().endswith(SIDE_CARS):
        return Fate(key, LEFT_OUT, "no DICOM file")
    if (kind := outcome.failed.get(key)) is None:
        return Fate(key, FAILED, "not mentioned in any manifest", code=Exit.TRY_AGAIN)
    told = kind if re.fullmatch(r"[A-Za-z]{1,60}", kind) else "an error without a name"
    if re.search(r"Internal|Throttling|Unavailable|Timeout|Quota", kind):
        return Fate(key, FAILED, f"{told}: the service's trouble", code=Exit.TRY_AGAIN)
    return Fate(key, REFUSED, f"{told}: see FAILURE/failure.ndjson", code=Exit.DATA)
