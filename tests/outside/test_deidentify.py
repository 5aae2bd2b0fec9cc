"""De-identified files against the standard's table of what tells who was examined (PS3.15, table E.1-1, as the package
dicom-anonymizer carries it), and against everything a header can say of a person."""

import gzip
import json
import pathlib
import re
import sys

import h5py
import numpy as np
import pydicom
import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as standard
from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VM, dictionary_VR

from judges import complaints, run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mrd_inputs as mrd  # noqa: E402

# Unlike any number or word of the program.
SECRET = "Zqxj"
SAMPLE = {"PN": f"{SECRET}^A", "LO": f"{SECRET} lo", "SH": f"{SECRET} sh", "ST": f"{SECRET} st", "LT": f"{SECRET} lt", "UT": f"{SECRET} ut",
          "UC": f"{SECRET} uc", "AE": "ZQXJ", "CS": "ZQXJ", "DA": "19310417", "TM": "030405.678", "DT": "19310417030405.678", "AS": "077Y",
          "UI": "1.2.3.77777", "DS": "77.77", "IS": "7777", "US": "777", "UL": "777777", "FD": "77.77", "FL": "77.75", "UR": f"http://{SECRET}.org"}
KEPT_WITH_OUR_WORDS = {"DerivationDescription", "ImageComments", "FrameComments", "SeriesDescription"}
PERSON = ("<subjectInformation><patientName>{0}^Name</patientName><patientWeight_kg>77.77</patientWeight_kg><patientID>{0}-ID</patientID>"
          "<patientBirthdate>1931-04-17</patientBirthdate><patientGender>F</patientGender></subjectInformation><studyInformation>"
          "<studyDate>1999-04-17</studyDate><studyTime>03:04:05.678</studyTime><studyID>{0}</studyID>"
          "<accessionNumber>77777</accessionNumber><referringPhysicianName>{0}^Ref</referringPhysicianName>"
          "<studyDescription>{0} study</studyDescription><studyInstanceUID>1.2.3.77777.1</studyInstanceUID>"
          "<bodyPartExamined>HEAD</bodyPartExamined></studyInformation><measurementInformation><measurementID>{0}</measurementID>"
          "<seriesDate>1999-04-17</seriesDate><seriesTime>03:04:05.678</seriesTime><patientPosition>HFS</patientPosition>"
          "<protocolName>{0} protocol</protocolName><seriesDescription>{0} series</seriesDescription>"
          "<frameOfReferenceUID>1.2.3.77777.2</frameOfReferenceUID></measurementInformation>").format(SECRET)
TRACES = (SECRET.encode(), b"19310417", b"1931-04-17", b"19990417", b"1999-04-17", b"030405.678", b"1.2.3.77777", b"77.77")


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """A scan whose header says everything a header can say of a person; so does its name."""
    folder = tmp_path_factory.mktemp("person")
    rng = np.random.default_rng(5)
    kspace = mrd.centred_fft(rng.random((2, 12, 16)), [1, 2])
    xml = mrd.header((16, 12, 1), encoded_fov=(160, 120, 5), extra=PERSON)
    system = f"<institutionName>{SECRET} hospital</institutionName><stationName>{SECRET}</stationName><deviceID>{SECRET}</deviceID>"
    xml = xml.replace("</acquisitionSystemInformation>", system + "</acquisitionSystemInformation>")
    mrd.write_stream(folder / f"{SECRET}.mrd", xml, [mrd.acquisition(kspace[:, ky], ky) for ky in range(12)])
    return folder / f"{SECRET}.mrd"


def refused(scan, folder, template):
    """The attribute that the program does not know or does not let a user choose, if there is one in the template."""
    done = run("raki", "recon", scan, "-o", folder, "--method", "zero-filled", "--output", "dicom", "--dicom-template", template, code=None)
    if done.returncode == 0:
        return None
    found = re.search(r"(?:Unknown attribute in the DICOM template|not for a user to choose): found '?(?:RETIRED_)?(\w+)", done.stderr)
    assert done.returncode == 65 and found, done.stderr
    return found[1]


@pytest.fixture(scope="module")
def everything(scan, tmp_path_factory):
    """A template with every attribute of the standard's table that can be given: its file, its values, a result with it."""
    folder = tmp_path_factory.mktemp("template")
    tags = [t for name in ("D", "Z", "X", "U", "Z_D", "X_Z", "X_D", "X_Z_D", "X_Z_U_STAR") for t in getattr(standard, f"{name}_TAGS")]
    values, names = {}, {}
    for tag in tags:
        if len(tag) != 2 or not dictionary_has_tag(tag) or tag[0] % 2 or tag[0] in (0x0002, 0x0012, 0x0028):
            continue
        if dictionary_VR(tag) in SAMPLE and dictionary_VM(tag)[0] == "1":
            number = "%04X%04X" % tag
            values[number] = SAMPLE[dictionary_VR(tag)] + (f".{len(values)}" if dictionary_VR(tag) == "UI" else "")
            names[number] = names[dictionary_keyword(tag)] = number
    values["00100040"] = "F"
    template = folder / "everything.json"
    for attempt in range(60):
        template.write_text(json.dumps(values))
        name = refused(scan, folder / f"out{attempt}", template)
        if name is None:
            assert len(values) > 250
            return template, values, folder / f"out{attempt}"
        del values[names[name]]
    raise AssertionError("the program takes nothing")


def attributes(dataset):
    """Of all levels."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from attributes(item)
        yield element


def recon(scan, folder, *options):
    return run("raki", "recon", scan, "-o", folder, "--method", "zero-filled", "--syntax", "explicit-le", *options)


def test_a_template_reaches_the_files(everything):
    _, values, out = everything
    d = pydicom.dcmread(out / "series001" / "image0001.dcm")
    assert {"%04X%04X" % (e.tag.group, e.tag.element) for e in d} >= set(values)
    assert d.PatientName == f"{SECRET}^A" and d.PatientComments == f"{SECRET} lt" and d.SeriesDescription == f"{SECRET} lo (raki)"


@pytest.mark.parametrize("storage", ["classic", "enhanced"])
def test_the_table_is_carried_out(scan, everything, tmp_path, storage):
    template, _, _ = everything
    options = ("--dicom-template", template, "--dicom", storage)
    recon(scan, tmp_path / "open", *options)
    recon(scan, tmp_path / "closed", *options, "--deidentify")
    name = "image0001.dcm" if storage == "classic" else "image.dcm"
    before, after = (pydicom.dcmread(tmp_path / d / "series001" / name) for d in ("open", "closed"))
    old = {}
    for e in attributes(before):
        old.setdefault(e.keyword, set()).add(str(e.value))
    left = {tag for group in ("X", "X_Z", "X_D", "X_Z_D") for tag in getattr(standard, f"{group}_TAGS")}
    emptied = {tag for group in ("Z", "D", "Z_D") for tag in getattr(standard, f"{group}_TAGS")}
    for e in attributes(after):
        tag = (e.tag.group, e.tag.element)
        if e.keyword in KEPT_WITH_OUR_WORDS:
            assert SECRET not in str(e.value)
        elif tag in standard.U_TAGS or tag in standard.X_Z_U_STAR_TAGS:
            assert str(e.value) not in old[e.keyword], e
        elif e.VR == "SQ":
            assert tag not in left or not e.value, e
        elif tag in left or tag in emptied:
            assert e.value in (None, "", "removed", "19000101", "000000"), e
    assert complaints(tmp_path / "closed" / "series001" / name, storage) == []


def every_byte(folder):
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            data = file.read_bytes()
            yield file, gzip.decompress(data) if file.suffix == ".gz" else data


def traces(folder):
    return [(file.name, trace) for file, data in every_byte(folder) for trace in TRACES if trace in data]


@pytest.mark.parametrize("storage", ["classic", "enhanced"])
def test_nothing_of_a_person_is_left_anywhere(scan, tmp_path, storage):
    options = ("--output", "dicom,npy,nii,png,mrd,cfl", "--dicom", storage)
    recon(scan, tmp_path / "open", *options)
    assert len(traces(tmp_path / "open")) > 5  # the search finds them
    done = recon(scan, tmp_path / "closed", *options, "--deidentify")
    assert traces(tmp_path / "closed") == [] and SECRET not in done.stderr + done.stdout
    assert not [f for f in (tmp_path / "closed").rglob("*") if SECRET in f.name]


def test_the_name_of_a_group_is_left_out_too(tmp_path):
    run("raki", "phantom", "-o", tmp_path / "scan.h5", "--matrix-x", 64, "--matrix-y", 64, "--slices", 1, "--coils", 2)
    with h5py.File(tmp_path / "scan.h5", "a") as file:
        file.move("dataset", SECRET)
    recon(tmp_path / "scan.h5", tmp_path / "out", "--dataset", SECRET, "--deidentify")
    assert traces(tmp_path / "out") == []


def test_what_is_retained_stays(scan, tmp_path):
    recon(scan, tmp_path / "all", "--deidentify", "--retain", "patient,device,institution,uids,dates")
    recon(scan, tmp_path / "none", "--deidentify")
    every, none = (pydicom.dcmread(tmp_path / d / "series001" / "image0001.dcm") for d in ("all", "none"))
    assert (every.PatientSex, every.PatientWeight, every.StationName, every.DeviceSerialNumber) == ("F", 77.77, SECRET, SECRET)
    assert (every.InstitutionName, every.StudyInstanceUID, every.StudyDate) == (f"{SECRET} hospital", "1.2.3.77777.1", "19990417")
    assert every.PatientName == every.PatientID == every.PatientBirthDate == every.AccessionNumber == ""
    codes = lambda d: [i.CodeValue for i in d.DeidentificationMethodCodeSequence]
    assert codes(none) == ["113100", "113105"]
    assert codes(every) == ["113100", "113105", "113108", "113109", "113112", "113110", "113106"]
    assert (every.LongitudinalTemporalInformationModified, none.LongitudinalTemporalInformationModified) == ("UNMODIFIED", "REMOVED")
    assert every.PatientIdentityRemoved == none.PatientIdentityRemoved == "YES" and none.BurnedInAnnotation == "NO"
    assert "not for diagnostic use" in none.ImageComments and "zero-filled" in none.DerivationDescription


def test_identifiers_are_replaced_by_the_same_ones_everywhere(scan, tmp_path):
    recon(scan, tmp_path / "a", "--deidentify", "--parts", "phase")
    recon(scan, tmp_path / "b", "--deidentify", "--seed", 7)
    one, phase, other = (pydicom.dcmread(tmp_path / d / "image0001.dcm") for d in ("a/series001", "a/series002", "b/series001"))
    assert one.StudyInstanceUID == phase.StudyInstanceUID == other.StudyInstanceUID != "1.2.3.77777.1"
    assert one.FrameOfReferenceUID == phase.FrameOfReferenceUID and one.SeriesInstanceUID != other.SeriesInstanceUID
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID


def test_keeping_without_removing_is_a_usage_error(scan, tmp_path):
    assert "--deidentify" in run("raki", "recon", scan, "-o", tmp_path / "out", "--retain", "dates", code=64).stderr
    done = run("raki", "recon", scan, "-o", tmp_path / "out", "--deidentify", "--retain", "name", code=64)
    assert "patient, device, institution, uids or dates" in done.stderr
