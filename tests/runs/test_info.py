"""`raki info`: the table and the JSON tell the same, on scans of every kind."""

import json
import re
import shutil

import h5py
import numpy as np
import pytest
from PIL import Image

SMALL = ["--matrix-x", 64, "--matrix-y", 64, "--coils", 4, "--slices", 3, "--acs", 16]
SLAB = ["--slab", "--matrix-x", 32, "--matrix-y", 48, "--slices", 16, "--coils", 4, "--oversampling", 1]
PHANTOMS = {
    "brain": [*SMALL, "-R", 4],
    "full": [*SMALL, "-R", 1],
    "separate": [*SMALL, "-R", 2, "--separate-calibration"],
    "silent": [*SMALL, "-R", 3, "--noise", 0],
    "oblique": [*SMALL, "--read-dir", "0.8,0.6,0", "--phase-dir", "0,0,-1", "--gap", 0],
    "slab": [*SLAB, "-R", 3, "--acs", 16],
    "caipi": [*SLAB, "-R", 2, "--acceleration-z", 2, "--caipi-shift", 1, "--acs", 12, "--acs-partitions", 6],
}
REAL = ["brain16_gre_128x128/brain_164128.h5", "brain16_gre_128x128/phantom_160052.h5", "phantom4_256x256/sol11.h5",
        "phantom4_256x256/sol16.h5", "siemens_skyra_gre_epi/gre.h5", "sirf_grappa2_sim4/grappa2_1rep.h5"]
NOISE_FLAG = 1 << 18
COLOURS = {"measured": (31, 84, 158), "acs": (242, 142, 43), "to fill": (222, 226, 232), "not encoded": (120, 124, 130)}


@pytest.fixture(scope="module")
def scans(raki, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    for name, options in PHANTOMS.items():
        raki("phantom", "-o", folder / f"{name}.h5", *options)
    return folder


def facts_of(raki, file, *options):
    """The JSON, after its table was found in the text, line by line."""
    facts = json.loads(raki("info", file, "--json").stdout)
    text = raki("info", file, *options).stdout
    width = max(len(row["name"].encode()) for row in facts["table"]) + 2
    sections, expected = [], ""
    for row in facts["table"]:
        if row["section"] not in sections:
            expected += ("\n" if sections else "") + row["section"] + "\n"
            sections.append(row["section"])
        expected += "  " + row["name"].ljust(width) + row["value"] + "\n"
    assert text == expected
    return facts


def said(facts, name, section=""):
    """All values of the rows of this name, in sections that begin so."""
    return [row["value"] for row in facts["table"] if row["name"] == name and row["section"].startswith(section)]


def check_that_facts_are_in_the_table(facts):
    assert said(facts, "name") == [facts["name"]] and said(facts, "format") == [facts["format"]]
    assert said(facts, "image", "Matrix")[0].startswith(" x ".join(map(str, facts["image_matrix"])))
    assert said(facts, "found in the lines")[0].startswith(" x ".join(map(str, facts["matrix"])) + " ")
    assert said(facts, "coils")[0].split(",")[0] == str(facts["coils"])
    assert said(facts, "frames")[0].startswith(f"{facts['frames']}: ")
    for kind, n in facts["lines"].items():
        assert str(n) in said(facts, kind, "Lines")
    for s, lines, partial in zip(facts["samplings"], said(facts, "lines", "Sampling"), said(facts, "partial Fourier")):
        assert lines.startswith(f"{s['measured']} of {s['lines']} ")
        assert (partial == "none") == (s["partial_fourier"] == {"ky": None, "kz": None, "kx": None})
    for method, verdict in facts["methods"].items():
        assert said(facts, method, "Methods") in ([verdict], ["cannot: " + verdict])
    told = " ".join(row["value"] for row in facts["table"] if row["section"].startswith("DICOM"))
    for gap in facts["dicom"]:
        assert re.search(rf"\b{gap['attribute']}\b[^()]*\({re.escape(gap['instead'])}", told), gap
    decisions = [row["value"] for row in facts["table"] if row["section"] == "Decisions"]
    assert [d.startswith("contradiction: ") for d in decisions] == [d["contradiction"] for d in facts["decisions"]]


@pytest.mark.parametrize("name", PHANTOMS)
def test_text_and_json_of_phantoms(raki, scans, name):
    check_that_facts_are_in_the_table(facts_of(raki, scans / f"{name}.h5"))


@pytest.mark.parametrize("name", REAL)
def test_text_and_json_of_real_scans(raki, data, name):
    check_that_facts_are_in_the_table(facts_of(raki, data / name))


def test_a_brain(raki, scans):
    facts = facts_of(raki, scans / "brain.h5")
    assert facts["matrix"] == [128, 64, 1] and facts["header_matrix"] == [128, 64, 1]
    assert facts["image_matrix"] == facts["header_image_matrix"] == [64, 64, 1]
    assert facts["voxel_mm"] == [3.75, 3.75, 5]
    assert said(facts, "acceleration")[0] == "R = 4, effective R = 2.286"
    assert said(facts, "calibration (ACS)") == ["24-40 (17 lines)"]
    assert said(facts, "frames") == ["3: 3 slices, 1 contrast, 1 phase, 1 repetition, 1 set"]
    assert said(facts, "slices") == ["spacing 6 mm, thickness 5 mm, gap 1 mm"]
    assert said(facts, "orientation") == ["axial"] and facts["geometry"]["spacing_mm"] == [6, 6]
    assert said(facts, "centre") == ["(0, 0, -6) to (0, 0, 6) mm, LPS"]
    assert set(facts["methods"].values()) == {"works"}


def test_noise_is_the_noise_scans(raki, scans):
    facts = facts_of(raki, scans / "brain.h5")
    with h5py.File(scans / "brain.h5") as f:
        rows = [r for r in f["dataset/data"] if int(r["head"]["flags"]) & NOISE_FLAG]
    samples = np.concatenate([r["data"].view(np.complex64).reshape(4, -1) for r in rows], axis=1)
    noise, sd = facts["noise"], np.sqrt((np.abs(samples) ** 2).mean(1))
    np.testing.assert_allclose(noise["sd"], sd, rtol=1e-5)
    assert noise["noisiest_coil"] == sd.argmax() and noise["quietest_coil"] == sd.argmin()
    assert noise["condition"] == pytest.approx(np.linalg.cond(samples @ samples.conj().T), rel=1e-3)
    assert noise["samples"] == samples.shape[1] == facts["noise_samples"] and noise["dead_coils"] == []
    assert facts_of(raki, scans / "silent.h5")["noise"] is None


def test_other_kinds(raki, scans):
    separate = facts_of(raki, scans / "separate.h5")
    assert said(separate, "calibration (ACS)") == ["16 separate lines a frame"]
    assert said(facts_of(raki, scans / "full.h5"), "acceleration")[0].startswith("none: ")
    oblique = facts_of(raki, scans / "oblique.h5")
    assert said(oblique, "orientation") == ["coronal, tilted by 37 degrees"]
    assert said(oblique, "image axes") == ["x towards LP, y (phase encoding) towards F"]
    assert said(oblique, "slices") == ["spacing 5 mm, thickness 5 mm, gap 0 mm"]
    caipi = facts_of(raki, scans / "caipi.h5")
    assert said(caipi, "acceleration")[0].startswith("R = 2 x 2 shifted by 1, effective R = ")
    assert said(caipi, "partitions") == ["thickness 5 mm"] and said(caipi, "images") == ["16 of 32 x 48"]
    assert said(caipi, "iraki") == ["cannot: lines are missing along both phase-encode axes"]


def changed(scans, folder, change, keep=None):
    """The brain with its readouts changed by `change(table)`, those of `keep(table)` kept, as a new file."""
    file = folder / "changed.h5"
    shutil.copy(scans / "brain.h5", file)
    with h5py.File(file, "r+") as f:
        table, kind = f["dataset/data"][:], f["dataset/data"].dtype
        change(table)
        del f["dataset/data"]
        f.create_dataset("dataset/data", data=table if keep is None else table[keep(table)], dtype=kind, maxshape=(None,), chunks=True)
    return file


def is_noise(table):
    return (table["head"]["flags"] & np.uint64(NOISE_FLAG)) != 0


@pytest.mark.parametrize("first, last, text, side", [
    (0, 48, "ky 6/8 (45 of 64 lines), missing at the end", "end"),
    (0, 44, "ky 64.06 % (41 of 64 lines), missing at the end", "end"),
    (16, 64, "ky 6/8 (48 of 64 lines), missing at the start", "start"),
    (9, 56, "ky 41 of 64 lines, missing at both ends: a zero-padded matrix", "both")])
def test_partial_fourier(raki, scans, tmp_path, first, last, text, side):
    def keep(table):
        ky = table["head"]["idx"]["kspace_encode_step_1"]
        return is_noise(table) | (ky >= first) & (ky < last)

    facts = facts_of(raki, changed(scans, tmp_path, lambda table: None, keep))
    assert said(facts, "partial Fourier") == [text]
    assert facts["samplings"][0]["partial_fourier"]["ky"]["missing"] == side


def spoil_coil(value):
    def change(table):
        for i in np.flatnonzero(is_noise(table)):
            samples = table["data"][i].copy().reshape(4, -1)
            samples[2] = value
            table["data"][i] = samples.ravel()

    return change


def shorten_noise(table):
    table["head"]["number_of_samples"][is_noise(table)] = 1
    table["head"]["center_sample"][is_noise(table)] = 0
    for i in np.flatnonzero(is_noise(table)):
        table["data"][i] = table["data"][i].reshape(4, -1)[:, :2].ravel()


@pytest.mark.parametrize("change, keep, dead, says", [
    (spoil_coil(0), None, [2], "coil 2 has no power"),
    (shorten_noise, lambda t: ~is_noise(t) | (np.cumsum(is_noise(t)) <= 5), [], "too short for its coils, found 5 samples"),
], ids=["dead coil", "few samples"])
def test_noise_that_recon_refuses_is_a_row(raki, scans, tmp_path, change, keep, dead, says):
    file = changed(scans, tmp_path, change, keep)
    facts = facts_of(raki, file)
    assert facts["noise"]["dead_coils"] == dead and says in facts["noise"]["trouble"]
    assert said(facts, "prewhitening")[0].startswith("cannot, recon needs --no-prewhiten: ")
    raki("recon", file, "-o", tmp_path / "no", "-m", "zero-filled", code=65)
    raki("recon", file, "-o", tmp_path / "yes", "-m", "zero-filled", "--no-prewhiten")


def test_unequal_frames(raki, scans, tmp_path):
    def change(table):
        table["head"]["idx"]["repetition"][-22:] = 1

    facts = facts_of(raki, changed(scans, tmp_path, change, lambda table: np.arange(len(table)) != len(table) - 3))
    assert facts["frame_counts"]["repetitions"] == 2 and not facts["frame_counts"]["every_combination"]
    assert said(facts, "frames")[0].endswith("; not every combination is there")
    assert [s["frames"] for s in facts["samplings"]] == [n for n in (2, 1, 1)[:len(facts["samplings"])]]
    assert any(row["section"].startswith("Sampling 1 of ") for row in facts["table"])


def with_header(scans, file, old, new):
    shutil.copy(scans / "brain.h5", file)
    with h5py.File(file, "r+") as f:
        text = f["dataset/xml"][0].decode()
        assert re.search(old, text, re.DOTALL)
        f["dataset/xml"][0] = re.sub(old, new, text, flags=re.DOTALL)
    return file


def test_nothing_of_the_patient_is_told(raki, scans, tmp_path):
    patient = ("<subjectInformation><patientName>Secret^Name</patientName><patientWeight_kg>77.25</patientWeight_kg>"
               "<patientID>secret-id</patientID></subjectInformation><studyInformation>")
    file = with_header(scans, tmp_path / "scan.h5", "<studyInformation>", patient)
    facts = facts_of(raki, file)
    known = {"PatientName", "PatientID", "PatientWeight"}
    assert known <= {gap["attribute"] for gap in facts_of(raki, scans / "brain.h5")["dicom"]}
    assert not known & {gap["attribute"] for gap in facts["dicom"]}
    for told in (json.dumps(facts), raki("info", file).stdout):
        assert "ecret" not in told and "77.25" not in told and str(tmp_path) not in told


def no_directions(table):
    table["head"]["read_dir"] = 0


def test_the_dicom_files_miss_what_was_foretold(raki, scans, tmp_path):
    import pydicom

    file = changed(scans, tmp_path, no_directions)
    facts = facts_of(raki, file)
    raki("recon", file, "-o", tmp_path / "out", "-m", "zero-filled", "--syntax", "explicit-le")
    image = pydicom.dcmread(tmp_path / "out" / "series001" / "image0001.dcm")
    instead = {gap["attribute"]: gap["instead"] for gap in facts["dicom"]}
    for attribute, what in instead.items():
        assert (attribute in image) == (what != "left out"), attribute
        if what != "left out":
            assert (image[attribute].VM == 0) == (what == "empty"), attribute
    empty = {e.keyword for e in image if e.VM == 0 and e.VR != "SQ"}
    assert empty - set(instead) == {"Laterality", "ScanOptions", "PositionReferenceIndicator"}
    assert instead["ImagePositionPatient"].startswith("GEOMETRY UNKNOWN") and instead["ImagePositionPatient"] in image.ImageComments
    assert not facts["geometry"]["known"] and said(facts, "orientation")[0].startswith("unknown")


def test_without_a_dicom_dictionary_the_rest_is_told(raki, scans, monkeypatch):
    monkeypatch.setenv("DCMDICTPATH", "/nowhere/dicom.dic")
    facts = facts_of(raki, scans / "brain.h5")
    assert facts["dicom"] is None and "dictionary" in said(facts, "unknown", "DICOM")[0]


def test_no_field_of_view(raki, scans, tmp_path):
    file = with_header(scans, tmp_path / "scan.h5", "<fieldOfView_mm>.*?</fieldOfView_mm>", "")
    facts = facts_of(raki, file)
    assert facts["voxel_mm"] is None and said(facts, "voxel") == ["size unknown: 1 mm stands in"]
    assert {"module": "geometry", "attribute": "PixelSpacing", "instead": "1 mm"} in facts["dicom"]
    assert {"module": "geometry", "attribute": "SliceThickness", "instead": "1 mm"} in facts["dicom"]


def picture_of(raki, file, png):
    facts = json.loads(raki("info", file, "--json", "--plot", png).stdout)
    assert facts["plot"]["file"] == png.name
    return np.asarray(Image.open(png)), facts


def is_colour(pixels, name):
    return (pixels == COLOURS[name]).all(-1)


def test_picture_of_lines(raki, scans, tmp_path):
    pixels, facts = picture_of(raki, scans / "brain.h5", tmp_path / "mask.png")
    row = pixels[pixels.shape[0] // 2, 16:-16]  # a row through the band, without its margins
    cells = row.reshape(64, -1, 3)[:, 2]
    expected = np.full(64, "to fill", object)
    expected[::4] = "measured"
    first, end = facts["samplings"][0]["acs_ky"]
    expected[first:end] = "acs"
    for ky in range(64):
        assert is_colour(cells[ky], expected[ky]), ky
    assert pixels.shape[1] >= 400 and pixels.shape[0] >= 100


def test_picture_of_a_full_scan_has_no_calibration(raki, scans, tmp_path):
    pixels, _ = picture_of(raki, scans / "full.h5", tmp_path / "mask.png")
    assert is_colour(pixels, "measured").any() and not is_colour(pixels, "acs").any()


def test_picture_of_a_slab(raki, scans, tmp_path):
    pixels, facts = picture_of(raki, scans / "caipi.h5", tmp_path / "mask.png")
    cells = pixels[16:-16, 16:-16].reshape(16, -1, 48, (pixels.shape[1] - 32) // 48, 3)[:, 2, :, 2]
    sampling = facts["samplings"][0]
    assert is_colour(cells, "acs").sum() == np.diff(sampling["acs_ky"])[0] * np.diff(sampling["acs_kz"])[0]
    assert (is_colour(cells, "acs") | is_colour(cells, "measured")).sum() == sampling["measured"]
    assert not is_colour(cells, "not encoded").any()


def test_the_picture_is_explained_and_replaces_nothing(raki, scans, tmp_path):
    done = raki("info", scans / "brain.h5", "--plot", tmp_path / "mask.png")
    assert "Picture of the sampling\n" in done.stdout and "mask.png" in done.stdout
    before = (tmp_path / "mask.png").read_bytes()
    again = raki("info", scans / "brain.h5", "--plot", tmp_path / "mask.png", code=73)
    assert again.stdout == "" and (tmp_path / "mask.png").read_bytes() == before
    raki("info", scans / "brain.h5", "--plot", tmp_path / "nowhere" / "mask.png", code=73)


def refused(raki, code, file):
    done = raki("info", file, code=code)
    assert done.stdout == "" and file.name in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert "terminate" not in done.stderr and "bug" not in done.stderr.lower()


def test_bad_input(raki, tmp_path):
    refused(raki, 66, tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("this is not a scan")
    refused(raki, 65, tmp_path / "text.h5")


def test_images_only(raki, data):
    refused(raki, 65, data / "must_reject" / "images_only.h5")
