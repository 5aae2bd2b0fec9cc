"""A series as DICOM files that every reader knows."""

import itertools

import pydicom
from pydicom.uid import ExplicitVRLittleEndian

from .data_set import data_set


def frames_in_order(series):
    """The frames in the order in which `write` takes their pixels."""
    return [frame for instance in series.instances for frame in instance.frames]


def write(series, folder, name, pixels):
    """What was written, for imageset.json."""
    (folder / name).mkdir()
    left_out = 0
    for number, instance in enumerate(series.instances, 1):
        with pydicom.config.disable_value_validation():  # what is stored is carried over as it is
            made, missing = data_set(instance.attributes, instance.vrs)
            made.SOPInstanceUID = instance.uid
            is_wide = instance.number("BitsAllocated") > 8
            data = b"".join(itertools.islice(pixels, len(instance.frames)))
            made.add_new(0x7FE00010, "OW" if is_wide else "OB", data + b"\0" * (len(data) % 2))
            made.file_meta = pydicom.dataset.FileMetaDataset()
            made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            made.save_as(folder / name / f"image{number:04}.dcm", enforce_file_format=True)
        left_out += missing
    return {"folder": name, "series_uid": series.uid, "files": len(series.instances), "attributes_left_out": left_out}
