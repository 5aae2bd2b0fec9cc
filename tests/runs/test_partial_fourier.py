"""`raki recon --partial-fourier` and `--kspace-filter` on phantoms whose truth is known."""

import json

import numpy as np
import pytest

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
    words = " lines {}, ky 48-127 of 128 encoded, phase from ky 48-80"
    assert decision(five_eighths / "pocs")["value"] == "pocs"
    assert decision(five_eighths / "pocs")["detail"] == "47" + words.format("filled")
    assert decision(five_eighths / "homodyne")["value"] == "homodyne"
    assert decision(five_eighths / "zero")["detail"] == "47" + words.format("left empty")
    assert decision(five_eighths / "zero")["source"] == "option"
    assert 0.9 < report(five_eighths / "pocs")["frames"][0]["numbers"]["partial_fourier_trust"] <= 1
    assert len({report(five_eighths / f)["options"] for f in FILLINGS}) == 3


def test_dicom_says_that_it_was_partial_fourier(five_eighths):
    import pydicom

    d = pydicom.dcmread(five_eighths / "pocs" / "series001" / "image0001.dcm", stop_before_pixels=True)
    assert d.ScanOptions == "PFP" and "partial Fourier pocs" in d.DerivationDescription


def test_zero_filling_fills_nothing_where_lines_are_missing_in_between(raki, five_eighths, tmp_path):
    raki("recon", five_eighths / "scan.h5", "-o", tmp_path / "out", "-m", "zero-filled", "--output", "npy")
    assert decision(tmp_path / "out")["value"] == "zero"
    assert "zero filling leaves" in decision(tmp_path / "out")["detail"]


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


def test_the_noise_map_holds_the_filling(raki, tmp_path):
    """As in test_noise_map.py; without the filling the map would be 0.82 of what is found."""
    repeats, images = 12, []
    for seed in range(repeats):
        raki("phantom", "-o", tmp_path / "scan.h5", "--seed", seed, "--slices", 1, "--matrix-x", 96, "--matrix-y", 96, "--acs", 28,
             "-R", 2, "--oversampling", 1, "--noise", 0.2, "--partial-fourier", 0.625)
        raki("recon", tmp_path / "scan.h5", "-o", tmp_path / "out", "-m", "linear", "--output", "npy", "--overwrite",
             *(["--noise-map"] if seed == 0 else []))
        if seed == 0:
            assert {p.name for p in (tmp_path / "out").glob("*.npy")} == {"image.npy", "noise.npy", "bias.npy", "snr.npy"}
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
