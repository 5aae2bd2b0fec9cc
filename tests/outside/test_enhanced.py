"""Enhanced MR files, parts of the image and maps before dciodvfy, pydicom, highdicom, DCMTK and the standard's own tables."""

import importlib.resources
import json
import struct

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.datadict import keyword_for_tag, tag_for_keyword

from judges import complaints, need, run

CONTENTS = ["magnitude", "phase", "real", "imaginary", "noise", "g_factor", "snr", "bias"]
COMPONENTS = {"phase": "PHASE", "real": "REAL", "imaginary": "IMAGINARY"}
SIGNED = {"phase", "real", "imaginary", "bias"}
WITH_UNIT = {"phase": "rad", "noise": "[arb'U]", "bias": "[arb'U]", "g_factor": "1", "snr": "1"}
every_kind = pytest.mark.parametrize("kind", ["full", "empty"])
every_content = pytest.mark.parametrize("content", CONTENTS)
every_storage = pytest.mark.parametrize("storage", ["classic", "enhanced"])


@pytest.mark.parametrize("syntax", ["202", "90", "explicit-le"])
@pytest.mark.parametrize("content", ["magnitude", "phase"])
def test_pydicom_reads_the_same_frames(series, syntax, content):
    one = series("full", syntax, "enhanced", content)
    (d,) = one.datasets
    assert d.SOPClassUID == d.file_meta.MediaStorageSOPClassUID == pydicom.uid.EnhancedMRImageStorage
    assert d.NumberOfFrames == len(one.stored) and d.pixel_array.dtype == one.stored.dtype
    np.testing.assert_array_equal(d.pixel_array, one.stored)


@every_kind
@every_storage
@every_content
def test_dciodvfy_finds_no_error_and_no_new_warning(series, kind, storage, content):
    for syntax in ("explicit-le", "90"):  # it does not know HTJ2K
        for file in series(kind, syntax, storage, content).files:
            assert complaints(file, storage) == []


@every_storage
@every_content
def test_dcmtk_finds_nothing_to_complain_about(series, storage, content):
    for file in series("full", "202", storage, content).files:
        assert run("dcmftest", file).stdout.startswith("yes:")
        dumped = run("dcmdump", "--print-all", file)
        assert dumped.stderr == "" and "Warning" not in dumped.stdout and "Error" not in dumped.stdout


def standard(name):
    return json.loads(importlib.resources.files("highdicom").joinpath("_standard", f"{name}.json").read_text())


def items_along(dataset, path):
    """Every item of the nested sequences `path`; none where one of them is missing."""
    items = [dataset]
    for keyword in path:
        items = [inner for item in items for inner in item.get(keyword, [])]
    return items


def missing(dataset, iod):
    """What the standard demands and `dataset` has not: type 1 with a value, type 2 at least empty. Functional groups are
    demanded by conditions that no table holds: they are judged where they are present."""
    modules, attributes = standard("iod_module_map")[iod], standard("module_attribute_map")
    for module in modules:
        if module["usage"] != "M":
            continue
        for row in attributes[module["key"]]:
            a_group = len(row["path"]) == 1 and row["path"][0].endswith("FunctionalGroupsSequence")
            if row["type"] not in ("1", "2") or a_group:
                continue
            for item in items_along(dataset, row["path"]):
                there = row["keyword"] in item
                empty = there and item[row["keyword"]].VM == 0 and item[row["keyword"]].VR != "OW"
                if not there or (row["type"] == "1" and empty and row["keyword"] != "PixelData"):
                    yield ".".join([*row["path"], row["keyword"]])


@every_kind
@every_content
@pytest.mark.parametrize("storage, iod", [("classic", "mr-image"), ("enhanced", "enhanced-mr-image")])
def test_nothing_is_missing_that_the_standard_demands(series, kind, storage, content, iod):
    for d in series(kind, "explicit-le", storage, content).datasets:
        assert list(missing(d, iod)) == []


def test_the_tables_find_what_is_missing(series):
    d = series("full", "explicit-le", "enhanced").datasets[0]
    del d.ContentDate, d.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0].ImagePositionPatient
    del d.SharedFunctionalGroupsSequence[0].FrameAnatomySequence[0].FrameLaterality
    found = list(missing(d, "enhanced-mr-image"))
    assert "ContentDate" in found and any(f.endswith("FrameLaterality") for f in found)


@every_kind
def test_mandatory_functional_groups_are_there_once(series, kind):
    (d,) = series(kind, "202", "enhanced").datasets
    shared = {e.keyword for e in d.SharedFunctionalGroupsSequence[0]}
    for frame in d.PerFrameFunctionalGroupsSequence:
        own = {e.keyword for e in frame}
        assert not own & shared
        assert own | shared >= {"PixelMeasuresSequence", "FrameContentSequence", "PlanePositionSequence",
                                "PlaneOrientationSequence", "FrameAnatomySequence", "MRImageFrameTypeSequence",
                                "PixelValueTransformationSequence"}


def test_highdicom_finds_the_volume(series):
    one = series("full", "202", "enhanced")
    image = highdicom.imread(one.files[0])
    volume = image.get_volume(apply_real_world_transform=False, apply_modality_transform=False, apply_voi_transform=False)
    array = volume.array
    scan, fov = one.scan, one.scan["fov_mm"]
    assert array.shape == one.stored.shape and set(np.round(volume.spacing, 6)) == {6.5, 1.75, 1.6}
    for place in scan["slices"]:
        row, column = place["landmark_row"], place["landmark_column"]
        steps = (column - 75) * fov[0] / 150 * np.array(place["read_dir"]) + (row - 48) * fov[1] / 96 * np.array(place["phase_dir"])
        at = np.array(place["centre_mm"]) + steps
        index = np.linalg.solve(volume.affine, [*at, 1])[:3]
        np.testing.assert_allclose(index, np.round(index), atol=1e-4)
        assert array[tuple(np.round(index).astype(int))] == 65535


@every_storage
@every_content
def test_what_the_values_are_is_stated(series, storage, content):
    one = series("full", "202", storage, content)
    d = one.datasets[0]
    assert d.PixelRepresentation == (content in SIGNED)
    groups = d if storage == "classic" else d.SharedFunctionalGroupsSequence[0]
    if storage == "classic":
        letter = {"magnitude": "M", "phase": "P", "real": "R", "imaginary": "I"}.get(content, "OTHER")
        assert d.ImageType[2] == letter and d.ImageType[0] == ("DERIVED" if letter == "OTHER" else "ORIGINAL")
    else:
        assert d.ComplexImageComponent == COMPONENTS.get(content, "MAGNITUDE")
    window = groups if storage == "classic" else groups.FrameVOILUTSequence[0]
    rescaled = groups if storage == "classic" else groups.PixelValueTransformationSequence[0]
    if content not in WITH_UNIT:
        assert "RealWorldValueMappingSequence" not in groups
        assert rescaled.get("RescaleSlope", 1) == 1
        return
    (values,) = groups.RealWorldValueMappingSequence
    assert values.MeasurementUnitsCodeSequence[0].CodeValue == WITH_UNIT[content]
    assert values.RealWorldValueSlope == pytest.approx(1 / 123.456789012345, rel=1e-15)
    assert float(rescaled.RescaleSlope) == pytest.approx(values.RealWorldValueSlope, rel=1e-12)
    low, high = window.WindowCenter - window.WindowWidth / 2, window.WindowCenter + window.WindowWidth / 2
    most = 32767 * values.RealWorldValueSlope
    np.testing.assert_allclose([low, high], [-most if content in SIGNED else 0, most], rtol=1e-9, atol=1e-9)


def test_the_series_of_a_scan_share_the_study_and_nothing_else(series):
    every = [series("full", "202", storage, content).datasets[0] for storage in ("classic", "enhanced") for content in CONTENTS]
    assert len({d.StudyInstanceUID for d in every}) == len({d.FrameOfReferenceUID for d in every}) == 1
    for keyword in ("SeriesInstanceUID", "SOPInstanceUID"):
        assert len({d[keyword].value for d in every}) == len(every)
    assert len({d.SeriesNumber for d in every}) == len({d.SeriesDescription for d in every}) == len(CONTENTS)


def test_the_offset_table_leads_to_every_frame(series):
    one = series("full", "202", "enhanced")
    (d,) = one.datasets
    offsets = pydicom.encaps.parse_basic_offsets(d.PixelData)
    assert len(offsets) == len(one.stored) and offsets[0] == 0
    items = 8 + 4 * len(offsets)  # the table itself
    for offset in offsets:
        tag, length = struct.unpack_from("<4sI", d.PixelData, items + offset)
        assert tag == b"\xfe\xff\x00\xe0"
        assert d.PixelData[items + offset + 8:][:2] == b"\xff\x4f" and length % 2 == 0


def test_dimensions_point_at_what_tells_the_frames_apart(series):
    (d,) = series("full", "202", "enhanced").datasets
    assert [keyword_for_tag(i.DimensionIndexPointer) for i in d.DimensionIndexSequence] == ["StackID", "InStackPositionNumber"]
    assert all(i.FunctionalGroupPointer == tag_for_keyword("FrameContentSequence") for i in d.DimensionIndexSequence)
    values = [tuple(f.FrameContentSequence[0].DimensionIndexValues) for f in d.PerFrameFunctionalGroupsSequence]
    assert values == [(1, 1), (1, 2), (1, 3)]


def test_our_decoder_reads_every_frame(series, tmp_path):
    one = series("full", "202", "enhanced", "phase")
    run("raki", "decode", one.files[0], "-o", tmp_path / "frames.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "frames.npy"), one.stored)


def test_dcm2niix_gets_the_geometry(series, tmp_path):
    need("dcm2niix")
    import nibabel

    one = series("full", "explicit-le", "enhanced")
    run("dcm2niix", "-f", "theirs", "-o", tmp_path, one.folder)
    (file,) = tmp_path.glob("*.nii")
    theirs = nibabel.load(file)
    data = theirs.get_fdata()
    assert data.shape == (150, 96, 3)
    to_ras = np.diag([-1.0, -1, 1])
    fov = one.scan["fov_mm"]
    for place in one.scan["slices"]:
        row, column = place["landmark_row"], place["landmark_column"]
        steps = (column - 75) * fov[0] / 150 * np.array(place["read_dir"]) + (row - 48) * fov[1] / 96 * np.array(place["phase_dir"])
        index = np.linalg.solve(theirs.affine, [*(to_ras @ (np.array(place["centre_mm"]) + steps)), 1])[:3]
        np.testing.assert_allclose(index, np.round(index), atol=2e-3)
        assert data[tuple(np.round(index).astype(int))] in (65535, -1)  # it may read unsigned words as signed
