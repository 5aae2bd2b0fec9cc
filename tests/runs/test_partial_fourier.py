"""`raki recon --partial-fourier` and `--kspace-filter` on phantoms whose truth is known."""

import json
import pathlib
import sys

import numpy as np
import pydicom
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from mrd_inputs import asymmetric_stream  # noqa: E402

FILLINGS = ["pocs", "homodyne", "zero"]


def report(folder):
    return json.loads((folder / "recon.json").read_text())


def decision(folder):
    found = [d for d in report(folder)["decisions"] if d["subject"] == "partial Fourier"]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def five_eighths(raki, tmp_path_factory):
    """R = 2 along ky, 5/8 of the lines encoded; every filling, and the truth."""
    folder = tmp_path_factory.mktemp("five_eighths")
    raki("phantom", "-o", folder / "scan.h5", "--truth", folder / "full.h5", "--matrix-x", 128, "--matrix-y", 128, "--slices", 1,
         "-R", 2, "--acs", 24, "--partial-fourier", 0.625)
    raki("recon", folder / "full.h5", "-o", folder / "truth", "-m", "zero-filled", "--output", "npy")
    for filling in FILLINGS:
        raki("recon", folder / "scan.h5", "-o", folder / filling, "-m", "linear", "--partial-fourier", filling,
             "--output", "npy,dicom")
    return folder


# Measured 0.5 of the error of zero filling; the rest is noise.
@pytest.mark.parametrize("filling", ["pocs", "homodyne"])
def test_filling_lowers_the_error(raki, five_eighths, filling):
    error = {f: raki.compare(five_eighths / f, five_eighths / "truth")["worst_nrmse"] for f in (filling, "zero")}
    assert error[filling] < 0.7 * error["zero"]


def test_the_report_says_what_was_filled(five_eighths):
    assert decision(five_eighths / "pocs")["value"] == "pocs"
    assert decision(five_eighths / "pocs")["detail"] == "47 lines filled, ky 48-127 of 128 encoded, phase from ky 48-80"
    assert decision(five_eighths / "homodyne")["value"] == "homodyne"
    assert decision(five_eighths / "zero")["detail"] == "47 lines left empty, ky 48-127 of 128 encoded"
    assert decision(five_eighths / "zero")["source"] == "option"
    assert 0.9 < report(five_eighths / "pocs")["frames"][0]["numbers"]["partial_fourier_trust"] <= 1
    assert len({report(five_eighths / f)["options"] for f in FILLINGS}) == 3


def test_dicom_says_that_it_was_partial_fourier(five_eighths):
    d = pydicom.dcmread(five_eighths / "pocs" / "series001" / "image0001.dcm", stop_before_pixels=True)
    assert d.ScanOptions == "PFP" and "partial Fourier pocs" in d.DerivationDescription


def test_zero_filling_fills_nothing_where_lines_are_missing_in_between(raki, five_eighths, tmp_path):
    raki("recon", five_eighths / "scan.h5", "-o", tmp_path / "out", "-m", "zero-filled", "--output", "npy")
    assert decision(tmp_path / "out")["value"] == "zero"
    assert "zero filling leaves" in decision(tmp_path / "out")["detail"]


@pytest.fixture(scope="module")
def early_echo(raki, tmp_path_factory):
    """R = 2, 128 samples oversampled twice, the first 90 of 256 left out; every filling, and the truth."""
    folder = tmp_path_factory.mktemp("early_echo")
    raki("phantom", "-o", folder / "scan.h5", "--truth", folder / "full.h5", "--matrix-x", 128, "--matrix-y", 128, "--slices", 1,
         "-R", 2, "--acs", 24)
    asymmetric_stream(folder / "scan.h5", folder / "early.mrd", 90)
    raki("recon", folder / "full.h5", "-o", folder / "truth", "-m", "zero-filled", "--output", "npy")
    for filling in FILLINGS:
        raki("recon", folder / "early.mrd", "-o", folder / filling, "-m", "linear", "--partial-fourier", filling,
             "--output", "npy,dicom")
    return folder


def test_an_asymmetric_echo_is_filled(raki, early_echo):
    error = {f: raki.compare(early_echo / f, early_echo / "truth")["worst_nrmse"] for f in FILLINGS}
    print(error)
    assert error["pocs"] < 0.7 * error["zero"] and error["homodyne"] < 0.7 * error["zero"]


def test_an_asymmetric_echo_is_told(raki, early_echo):
    """90 of 256 are 45 of 128 after the oversampling is removed, and one more is given up."""
    assert decision(early_echo / "pocs")["detail"] == (
        "45 samples of every readout filled, kx 46-127 of 128 encoded, phase from kx 46-82")
    d = pydicom.dcmread(early_echo / "pocs" / "series001" / "image0001.dcm", stop_before_pixels=True)
    assert d.ScanOptions == "PFF" and "partial Fourier pocs" in d.DerivationDescription
    table = raki("info", early_echo / "early.mrd").stdout
    assert "kx 64.84 % (166 of 256 samples), missing at the start" in table
    facts = json.loads(raki("info", early_echo / "early.mrd", "--json").stdout)
    assert facts["samplings"][0]["partial_fourier"]["kx"] == {"fraction": 166 / 256, "missing": "start"}


def test_a_slab_without_its_first_partitions(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "scan.h5", "--truth", tmp_path / "full.h5", "--slab", "--slices", 32, "--matrix-x", 48,
         "--matrix-y", 48, "--acs", 20, "-R", 2, "--oversampling", 1, "--noise", 0.02, "--partial-fourier", 0.75,
         "--partial-fourier-z", 0.75)
    raki("recon", tmp_path / "full.h5", "-o", tmp_path / "truth", "-m", "zero-filled", "--output", "npy")
    for filling in ("pocs", "zero"):
        raki("recon", tmp_path / "scan.h5", "-o", tmp_path / filling, "-m", "linear", "--partial-fourier", filling,
             "--output", "npy")
    assert "ky 12-47 of 48 encoded" in decision(tmp_path / "pocs")["detail"]
    assert "kz 8-31 of 32 encoded" in decision(tmp_path / "pocs")["detail"]
    error = [raki.compare(tmp_path / f, tmp_path / "truth")["worst_nrmse"] for f in ("pocs", "zero")]
    assert error[0] < 0.8 * error[1]


@pytest.mark.parametrize("filling, left_out", [("pocs", "lines"), ("pocs", "samples"), ("zero", "samples")])
def test_the_noise_map_holds_what_was_left_out(raki, tmp_path, filling, left_out):
    """As in test_noise_map.py; without the filling the map of the first would be 0.82 of what is found."""
    repeats, images = 12, []
    for seed in range(repeats):
        raki("phantom", "-o", tmp_path / "scan.h5", "--seed", seed, "--slices", 1, "--matrix-x", 96, "--matrix-y", 96, "--acs", 28,
             "-R", 2, "--oversampling", 1, "--noise", 0.2, *(["--partial-fourier", 0.625] if left_out == "lines" else []))
        if left_out == "samples":
            asymmetric_stream(tmp_path / "scan.h5", tmp_path / "early.mrd", 36)
        raki("recon", tmp_path / ("scan.h5" if left_out == "lines" else "early.mrd"), "-o", tmp_path / "out", "-m", "linear",
             "--partial-fourier", filling, "--output", "npy", "--overwrite", *(["--noise-map"] if seed == 0 else []))
        if seed == 0:
            beside = "g_factor.npy" if filling == "zero" else "bias.npy"
            assert {p.name for p in (tmp_path / "out").glob("*.npy")} == {"image.npy", "noise.npy", beside, "snr.npy"}
            predicted = np.load(tmp_path / "out" / "noise.npy")[0, 0]
        images.append(np.load(tmp_path / "out" / "image.npy")[0, 0])
    mean, found = np.mean(images, 0), np.std(images, 0, ddof=1)
    inside = mean > 0.2 * mean.max()
    ratio = np.sqrt((found[inside] ** 2).mean() / (predicted[inside] ** 2).mean())
    print("ratio", ratio)
    assert ratio == pytest.approx(1, abs=0.1)


def test_a_filter_quietens_and_blurs(raki, five_eighths, tmp_path):
    for name in ("hann", "tukey:0.5"):
        raki("recon", five_eighths / "scan.h5", "-o", tmp_path / name[:4], "-m", "linear", "--kspace-filter", name, "--output", "npy")
    corner = {f.name: np.load(f / "image.npy")[0, 0, :12, :12].mean() for f in (five_eighths / "pocs", tmp_path / "tuke", tmp_path / "hann")}
    assert corner["hann"] < 0.9 * corner["tuke"] < 0.81 * corner["pocs"]
    assert "kspace-filter=0.5" in report(tmp_path / "tuke")["options"]


def test_unknown_names_are_usage_errors(raki, five_eighths, tmp_path):
    for option in (["--partial-fourier", "margosian"], ["--kspace-filter", "tukey:2"]):
        raki("recon", five_eighths / "scan.h5", "-o", tmp_path / "x", *option, code=64)
    raki("phantom", "-o", tmp_path / "y.h5", "--partial-fourier", 0.4, code=64)
