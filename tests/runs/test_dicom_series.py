"""The DICOM series of a run: parts of the complex image, maps with their units, one file a series, templates."""

import json

import numpy as np
import pydicom
import pytest

PARTS = {"magnitude": 1, "phase": 2, "real": 3, "imaginary": 4, "noise": 11, "g_factor": 12, "snr": 13}


def values_of(folder, number):
    """The values of a series (frame, y, x) as its files state them, and its first data set."""
    files = sorted((folder / f"series{number:03d}").glob("*.dcm"))
    datasets = [pydicom.dcmread(f) for f in files]
    first = datasets[0]
    groups = first.SharedFunctionalGroupsSequence[0] if "SharedFunctionalGroupsSequence" in first else first
    slope = groups.RealWorldValueMappingSequence[0].RealWorldValueSlope if "RealWorldValueMappingSequence" in groups else 1
    pixels = first.pixel_array if len(files) == 1 else np.stack([d.pixel_array for d in datasets])
    return pixels * slope, first


@pytest.fixture(scope="module", params=["classic", "enhanced"])
def result(request, raki, phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "out"
    raki("recon", phantom / "scan.h5", "-o", folder, "--method", "linear", "--noise-map", "--parts", "phase,real,imaginary",
         "--output", "dicom,npy", "--dicom", request.param)
    return folder


def test_every_series_holds_what_the_arrays_hold(result):
    series = {s["content"]: s for s in json.loads((result / "recon.json").read_text())["series"]}
    assert {name: s["number"] for name, s in series.items()} == PARTS
    for name, number in PARTS.items():
        expected = np.load(result / ("image.npy" if name == "magnitude" else f"{name}.npy"))[:, 0]
        found, _ = values_of(result, number)
        factor = series[name]["factor"]
        unit = 1 if series[name]["unit"] else 1 / factor  # rescaled already where there is a unit
        np.testing.assert_allclose(found * unit, expected, atol=0.51 / factor)
        assert series[name]["clipped"] == 0


def test_the_parts_are_one_complex_image(result):
    image, phase, real, imaginary = (np.load(result / f"{name}.npy") for name in ("image", "phase", "real", "imaginary"))
    together = real + 1j * imaginary
    np.testing.assert_allclose(np.abs(together), image, rtol=1e-5, atol=1e-4)
    bright = image > 0.2 * image.max()
    np.testing.assert_allclose(np.exp(1j * phase[bright]), together[bright] / image[bright], atol=1e-4)
    assert phase.min() >= -np.pi - 1e-6 and phase.max() <= np.pi + 1e-6


def test_parts_share_the_scale_of_the_magnitude(result):
    factors = {s["content"]: s["factor"] for s in json.loads((result / "recon.json").read_text())["series"]}
    assert factors["real"] == factors["imaginary"] == factors["magnitude"]
    assert factors["phase"] == pytest.approx(32767 / np.pi)


def test_the_magnitude_is_the_same_file_whatever_else_is_asked_for(raki, phantom, tmp_path):
    for name, options in (("alone", ()), ("all", ("--parts", "phase", "--noise-map"))):
        raki("recon", phantom / "scan.h5", "-o", tmp_path / name, "--method", "linear", "--output", "dicom", *options)
    for number in (1, 2):
        file = f"series001/image{number:04d}.dcm"
        assert (tmp_path / "alone" / file).read_bytes() == (tmp_path / "all" / file).read_bytes()
    assert not list((tmp_path / "all").glob("phase.npy")) and (tmp_path / "all" / "noise.npy").exists()


def test_every_file_of_the_series_is_listed_with_the_checksums_of_its_frames(result):
    files = {f["path"]: f for f in json.loads((result / "recon.json").read_text())["files"]}
    on_disk = {str(p.relative_to(result)) for p in result.rglob("*") if p.is_file()} - {"recon.json"}
    assert set(files) == on_disk
    frames = [len(f["frames"]) for path, f in files.items() if path.endswith(".dcm")]
    assert sum(frames) == 2 * len(PARTS)


def test_other_repeats_are_other_maps_of_the_same_image(raki, phantom, tmp_path):
    found = []
    for repeats in (2, 3):
        raki("recon", phantom / "scan.h5", "-o", tmp_path / f"{repeats}", "--method", "hybrid", "--noise-map", "--noise-repeats", repeats,
             "--slices", "0:1", "--output", "dicom")
        found.append([values_of(tmp_path / f"{repeats}", number)[1] for number in (1, 11)])
    (image, noise), (same, other) = found
    assert image.SOPInstanceUID == same.SOPInstanceUID and image.PixelData == same.PixelData
    assert noise.SOPInstanceUID != other.SOPInstanceUID and noise.SeriesInstanceUID != other.SeriesInstanceUID


def test_the_phase_has_its_zero_at_the_mean(raki, tmp_path):
    """Also of a scan with fewer calibration lines than coil maps are made of, and few lines in all."""
    raki("phantom", "-o", tmp_path / "scan.h5", "--slices", 1, "--coils", 4, "--matrix-x", 96, "--matrix-y", 40, "-R", 2, "--acs", 16)
    raki("recon", tmp_path / "scan.h5", "-o", tmp_path / "out", "--method", "linear", "--output", "npy", "--parts", "real,imaginary")
    real, imaginary = (np.load(tmp_path / "out" / f"{part}.npy").sum() for part in ("real", "imaginary"))
    assert abs(np.angle(real + 1j * imaginary)) < 0.1


@pytest.mark.parametrize("options, words", [(("--parts", "phase", "--combine", "rss"), "no phase"), (("--parts", "angle"), "phase, real or imaginary"),
                                            (("--dicom", "modern"), "classic (a file a slice) or enhanced")])
def test_what_cannot_be_written_is_a_usage_error(raki, phantom, tmp_path, options, words):
    assert words in raki("recon", phantom / "scan.h5", "-o", tmp_path / "out", *options, code=64).stderr


def templated(raki, scan, folder, contents, *options, code=0):
    template = folder / "template.json"
    template.write_text(contents if isinstance(contents, str) else json.dumps(contents))
    return raki("recon", scan, "-o", folder / "out", "--method", "zero-filled", "--output", "dicom", "--dicom-template", template, *options, code=code)


@pytest.mark.parametrize("storage", ["classic", "enhanced"])
def test_a_template_goes_before_the_scan(raki, phantom, tmp_path, storage):
    given = {"PatientName": "Dvořák^Zoë", "00100020": {"vr": "LO", "Value": ["P-7"]}, "PatientBirthDate": "19700228", "EchoTime": 4.25,
             "ReferringPhysicianName": {"vr": "PN", "Value": [{"Alphabetic": "Doctor^A"}]}, "PatientAge": "054Y", "StudyID": ["S1"]}
    templated(raki, phantom / "scan.h5", tmp_path, given, "--dicom", storage)
    _, d = values_of(tmp_path / "out", 1)
    assert d.PatientName == "Dvořák^Zoë" and d.SpecificCharacterSet == "ISO_IR 192"
    assert (d.PatientID, d.PatientBirthDate, d.PatientAge, d.StudyID) == ("P-7", "19700228", "054Y", "S1")
    assert d.ReferringPhysicianName == "Doctor^A"
    echo = d if storage == "classic" else d.SharedFunctionalGroupsSequence[0].MREchoSequence[0]
    assert (echo.EchoTime if storage == "classic" else echo.EffectiveEchoTime) == 4.25


def test_a_name_keeps_all_its_writings(raki, phantom, tmp_path):
    templated(raki, phantom / "scan.h5", tmp_path, {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Phonetic": "やまだ^たろう"}]}})
    assert values_of(tmp_path / "out", 1)[1].PatientName == "Yamada^Tarou==やまだ^たろう"


def test_another_template_is_another_series_of_the_same_study(raki, phantom, tmp_path):
    found = []
    for name in ("Doe^A", "Doe^B"):
        folder = tmp_path / name
        folder.mkdir()
        templated(raki, phantom / "scan.h5", folder, {"PatientName": name})
        found.append(values_of(folder / "out", 1)[1])
    a, b = found
    assert a.SeriesInstanceUID != b.SeriesInstanceUID and a.SOPInstanceUID != b.SOPInstanceUID and a.StudyInstanceUID == b.StudyInstanceUID


def test_a_file_of_the_scanner_is_a_template(raki, phantom, tmp_path):
    scanner = pydicom.Dataset()
    scanner.file_meta = pydicom.dataset.FileMetaDataset()
    scanner.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    scanner.file_meta.MediaStorageSOPClassUID = scanner.SOPClassUID = pydicom.uid.MRImageStorage
    scanner.file_meta.MediaStorageSOPInstanceUID = scanner.SOPInstanceUID = "1.2.3.4"
    scanner.SpecificCharacterSet = "ISO_IR 100"
    scanner.PatientName, scanner.PatientID, scanner.StudyInstanceUID = "Müller^Jörg", "X1", "1.2.3"
    scanner.SliceThickness, scanner.Rows, scanner.SeriesInstanceUID, scanner.PatientComments = "99", 7, "1.2.3.9", "private"
    scanner.FlipAngle, scanner.ImageComments, scanner.SAR = "12", "seen by nobody", "0.25"
    scanner.save_as(tmp_path / "scanner.dcm", enforce_file_format=True)
    raki("recon", phantom / "scan.h5", "-o", tmp_path / "out", "--method", "zero-filled", "--output", "dicom", "--dicom-template", tmp_path / "scanner.dcm")
    _, d = values_of(tmp_path / "out", 1)
    assert (d.PatientName, d.PatientID, d.StudyInstanceUID, d.FlipAngle, d.SAR) == ("Müller^Jörg", "X1", "1.2.3", 12, 0.25)
    assert d.SliceThickness != 99 and d.Rows == 128 and d.SeriesInstanceUID != "1.2.3.9"
    assert "PatientComments" not in d and "not for diagnostic use" in d.ImageComments


@pytest.mark.parametrize("given, words", [({"PatientBirthDate": "28.2.1970"}, "PatientBirthDate: a value that is no DA"), ({"Rows": 5}, "Rows"),
                                          ({"Colour": "red"}, "'Colour'"), ({"EchoTime": "short"}, "EchoTime: a value that is no DS"),
                                          ({"PatientID": ["a", "b"]}, "2 values where 1 may be"), ({"PatientID": {"a": 1}}, "PatientID"),
                                          ({"OtherPatientIDsSequence": []}, "cannot give a sequence"), ("[1, 2]", "neither DICOM nor a JSON object"),
                                          ({"EchoTime": 0}, "EchoTime"), ({"PatientSex": "Q"}, "PatientSex"), ({"PatientWeight": -3}, "above 0"),
                                          ({"PatientID": "a\nb"}, "control characters"), ({"ScanningSequence": ""}, "may not be empty"),
                                          ({"PatientID": {"vr": "SQ", "Value": []}}, "vr LO"), ({"StudyDate": "20240230"}, "StudyDate"),
                                          ({"PatientName": "a^b^c^d^e^f"}, "PatientName"), ({"00100000": 5}, "'00100000'"), ({"PatientName": "x" * 65}, "PatientName: a value that is too long for PN"), ({"SOPInstanceUID": "1.2"}, "not for a user")])
def test_a_wrong_template_is_refused_before_the_reconstruction(raki, phantom, tmp_path, given, words):
    done = templated(raki, phantom / "scan.h5", tmp_path, given, code=65)
    assert words in done.stderr and "1970" not in done.stderr and not (tmp_path / "out").exists()


def test_a_missing_template_is_named(raki, phantom, tmp_path):
    assert "nowhere.json" in raki("recon", phantom / "scan.h5", "-o", tmp_path / "out", "--dicom-template", tmp_path / "nowhere.json", code=66).stderr
