"""DICOM files before pydicom, dciodvfy, dcmdump and dcmftest, and the geometry in patient coordinates."""

import json
import os
import struct

import numpy as np
import pydicom
import pytest

from judges import complaints, run

KINDS = ["full", "empty", "recon"]
SYNTAXES = {"202": "1.2.840.10008.1.2.4.202", "201": "1.2.840.10008.1.2.4.201", "90": "1.2.840.10008.1.2.4.90",
            "explicit-le": "1.2.840.10008.1.2.1"}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_syntax = pytest.mark.parametrize("syntax", SYNTAXES)

@pytest.fixture(autouse=True)
def strict_pydicom(monkeypatch):
    """Values that break the rules of their type are errors."""
    monkeypatch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.RAISE)


@every_kind
@every_syntax
def test_pydicom_reads_the_same_pixels(series, kind, syntax):
    one = series(kind, syntax)
    pixels = np.stack([d.pixel_array for d in one.datasets])
    assert pixels.dtype == np.uint16 and pixels.shape == one.stored.shape
    np.testing.assert_array_equal(pixels, one.stored)


@every_kind
@every_syntax
def test_the_files_name_the_syntax_that_was_asked_for(series, kind, syntax):
    for d in series(kind, syntax).datasets:
        assert d.file_meta.TransferSyntaxUID == SYNTAXES[syntax]
        assert d.file_meta.MediaStorageSOPInstanceUID == d.SOPInstanceUID
        assert d.SOPClassUID == d.file_meta.MediaStorageSOPClassUID == pydicom.uid.MRImageStorage


@every_kind
@every_syntax
def test_the_length_of_the_meta_header_is_right(series, kind, syntax):
    for file in series(kind, syntax).files:
        data = file.read_bytes()
        tag, _, _, length = struct.unpack_from("<I2sHI", data, 132)
        assert tag == 0x00000002
        at, end = 144, 144 + length
        while at < end:  # element by element: OB has a long length field, all others here a short one
            group, = struct.unpack_from("<H", data, at)
            assert group == 2
            long = data[at + 4:at + 6] == b"OB"
            at += 12 + struct.unpack_from("<I", data, at + 8)[0] if long else 8 + struct.unpack_from("<H", data, at + 6)[0]
        assert at == end and struct.unpack_from("<H", data, at)[0] == 8


@every_kind
@pytest.mark.parametrize("syntax", ["explicit-le", "90"])  # it does not know HTJ2K
def test_dciodvfy_finds_no_error_and_no_new_warning(series, kind, syntax):
    for file in series(kind, syntax).files:
        assert complaints(file) == []


@pytest.mark.parametrize("part", ["KNEE", "BREAST", "L SPINE", "LSPINE", "HEAD", "Kopf"])
def test_dciodvfy_finds_no_error_whatever_the_body_part(series, tmp_path, part):
    (tmp_path / "template.json").write_text(json.dumps({"BodyPartExamined": part.upper()}))
    run("raki", "recon", series("recon", "202").folder.parent / "scan.h5", "-o", tmp_path / "out", "--method", "zero-filled", "--syntax", "explicit-le",
        "--output", "dicom", "--dicom-template", tmp_path / "template.json")
    assert [c for c in complaints(tmp_path / "out" / "series001" / "image0001.dcm") if c.startswith("Error")] == []  # it warns of its own lists


def test_lossy_files_say_how_much_was_lost(series, tmp_path):
    exact = series("recon", "202")
    run("raki", "recon", exact.folder.parent / "scan.h5", "-o", tmp_path / "out", "--method", "zero-filled", "--syntax", "203", "--quality", "ratio:8")
    files = sorted(tmp_path.rglob("*.dcm"))
    assert len(files) == len(exact.files)
    for file, kept, stored in zip(files, exact.datasets, exact.stored):
        d = pydicom.dcmread(file)
        assert d.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.203"
        assert (d.LossyImageCompression, d.LossyImageCompressionMethod) == ("01", "ISO_15444_15")
        assert 8 <= d.LossyImageCompressionRatio < 9 and "ratio:8" in d.DerivationDescription
        assert d.SOPInstanceUID != kept.SOPInstanceUID and d.StudyInstanceUID == kept.StudyInstanceUID
        difference = np.abs(d.pixel_array.astype(int) - stored)
        assert 0 < difference.max() < 0.1 * stored.max()
        d.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.91"  # which dciodvfy knows
        d.save_as(tmp_path / "twin.dcm")
        assert complaints(tmp_path / "twin.dcm") == []


@pytest.mark.parametrize("options, words", [(("--syntax", "203"), "--quality ratio:N"), (("--quality", "psnr:60"), "--syntax 203"),
                                            (("--syntax", "203", "--quality", "best"), "ratio:N or psnr:N"),
                                            (("--syntax", "203", "--quality", "psnr:90.5"), "psnr:90 or less")])
def test_lossy_options_must_fit_together(series, tmp_path, options, words):
    scan = series("recon", "202").folder.parent / "scan.h5"
    assert words in run("raki", "recon", scan, "-o", tmp_path / "out", *options, code=64).stderr


@every_kind
@every_syntax
def test_dcmtk_finds_nothing_to_complain_about(series, kind, syntax):
    for file in series(kind, syntax).files:
        assert run("dcmftest", file).stdout.startswith("yes:")
        dumped = run("dcmdump", "--print-all", file)
        assert dumped.stderr == "" and "Warning" not in dumped.stdout and "Error" not in dumped.stdout


def voxel_position(d, row, column):
    """Patient coordinates of a voxel centre (PS3.3, equation C.7.6.2.1-1)."""
    position, orientation = np.array(d.ImagePositionPatient, float), np.array(d.ImageOrientationPatient, float)
    between_rows, between_columns = map(float, d.PixelSpacing)
    return position + orientation[:3] * between_columns * column + orientation[3:] * between_rows * row


@every_syntax
def test_landmarks_lie_where_the_scanner_put_them(series, syntax):
    one = series("full", syntax)
    for d, at in zip(one.datasets, one.scan["slices"]):
        row, column = np.argwhere(d.pixel_array == 65535)[0]
        # A scanner that samples n lines over a field of view f and transforms them puts voxel n / 2 at its centre.
        fov = one.scan["fov_mm"]
        x_mm = (column - d.Columns // 2) * fov[0] / d.Columns
        y_mm = (row - d.Rows // 2) * fov[1] / d.Rows
        expected = np.array(at["centre_mm"]) + x_mm * np.array(at["read_dir"]) + y_mm * np.array(at["phase_dir"])
        np.testing.assert_allclose(voxel_position(d, row, column), expected, atol=1e-9)
        assert (row, column) == (at["landmark_row"], at["landmark_column"])


@every_kind
def test_slices_follow_one_another_along_the_normal(series, kind):
    datasets = series(kind, "explicit-le").datasets
    orientation = np.array(datasets[0].ImageOrientationPatient, float)
    normal = np.cross(orientation[:3], orientation[3:])
    along = [np.array(d.ImagePositionPatient, float) @ normal for d in datasets]
    np.testing.assert_allclose(np.diff(along), float(datasets[0].SpacingBetweenSlices), atol=1e-6)
    np.testing.assert_allclose([float(d.SliceLocation) for d in datasets], along, atol=1e-6)
    assert [d.InstanceNumber for d in datasets] == list(range(1, len(datasets) + 1))
    assert all(d.ImageOrientationPatient == datasets[0].ImageOrientationPatient for d in datasets)


@every_kind
def test_identifiers_hold_a_series_together(series, kind):
    datasets = series(kind, "202").datasets
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SeriesNumber", "StudyID"):
        assert len({d[keyword].value for d in datasets}) == 1
    assert len({d.SOPInstanceUID for d in datasets}) == len(datasets)
    assert all(d.SOPInstanceUID.startswith("2.25.") and d.SeriesInstanceUID.startswith("2.25.") for d in datasets)


def test_what_the_header_says_is_written(series):
    d = series("full", "202").datasets[1]
    assert d.SpecificCharacterSet == "ISO_IR 192"
    assert d.PatientName == "Müller^Zoë" and d.InstitutionName == "Universität Nordstadt"
    assert d.StudyInstanceUID == "1.2.826.0.1.3680043.8.498.1"
    assert d.FrameOfReferenceUID == "1.3.12.2.1107.5.2.19.45152.1.20130101.1.0.0.0"
    assert (d.StudyDate, d.SeriesTime, d.AcquisitionTime) == ("20240613", "101112.5", "101113.250000")
    assert (d.RepetitionTime, d.EchoTime, d.InversionTime, d.FlipAngle) == (530.5, 4.92, 100, 25)
    assert (d.MagneticFieldStrength, d.ImagingFrequency) == (2.89362, 123.194187)
    assert list(d.ScanningSequence) == ["GR", "IR"] and d.SequenceVariant == "SP" and d.ScanOptions == ["PFP", "PFF"]
    assert d.ReceiveCoilName == "HeadNeck_20" and d.PatientPosition == "HFS" and d.BodyPartExamined == "HEAD"
    assert list(d.ImageType) == ["ORIGINAL", "PRIMARY", "M", "ND"]
    assert d.PixelSpacing == [1.75, 1.6] and d.SliceThickness == 5 and d.SpacingBetweenSlices == 6.5
    equipment = d.ContributingEquipmentSequence[0]
    assert (equipment.Manufacturer, equipment.SoftwareVersions) == ("raki", "test")
    assert equipment.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    assert "stored pixel = round(image value x 123.456789012345)" in d.DerivationDescription


def test_what_the_header_does_not_say_is_not_invented(series):
    d = series("empty", "202").datasets[0]
    for keyword in ("PatientName", "PatientID", "StudyDate", "StudyTime", "RepetitionTime", "EchoTime", "Manufacturer",
                    "PatientPosition", "StudyID", "AccessionNumber", "EchoTrainLength"):
        assert not d[keyword].value, keyword
    for keyword in ("SpecificCharacterSet", "FlipAngle", "MagneticFieldStrength", "AcquisitionTime", "ContentDate",
                    "InversionTime", "BodyPartExamined"):
        assert keyword not in d
    assert d.ScanningSequence == "RM" and "GEOMETRY UNKNOWN" in d.ImageComments


def test_the_same_job_writes_the_same_bytes(series, tmp_path):
    first = series("full", "202")
    run("write_dicom_series", tmp_path, "202", "full", "classic")
    for file in first.files:
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_another_job_on_the_same_scan_shares_the_study_only(series):
    a, b = series("empty", "202").datasets[0], series("full", "202").datasets[0]
    assert a.SeriesInstanceUID != b.SeriesInstanceUID and a.SOPInstanceUID != b.SOPInstanceUID


def test_an_existing_file_is_not_overwritten(series):
    one = series("empty", "202")
    before = one.files[0].read_bytes()
    done = run("write_dicom_series", one.folder, "202", "empty", "classic", code=73)
    assert "exists already" in done.stderr and one.files[0].read_bytes() == before
    assert not [p for p in one.folder.iterdir() if p.name.endswith(".part")]


def test_a_missing_dictionary_is_named(tmp_path):
    done = run("write_dicom_series", tmp_path, "202", "full", "classic", code=78, env={**os.environ, "DCMDICTPATH": "/nowhere/dicom.dic"})
    assert "/nowhere/dicom.dic" in done.stderr and done.stdout == "" and len(done.stderr.splitlines()) == 1


def test_an_unknown_syntax_is_a_usage_error(tmp_path):
    assert "202, 201, 203, 90 or explicit-le" in run("write_dicom_series", tmp_path, "92", "full", "classic", code=64).stderr
