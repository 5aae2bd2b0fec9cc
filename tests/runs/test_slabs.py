"""3-D scans: one slab, lines missing along ky only or along both phase-encode axes."""

import json

import numpy as np
import pytest

SLAB = ["--slab", "--slices", 16, "--matrix-x", 64, "--matrix-y", 64, "--oversampling", 1]


@pytest.fixture(scope="module")
def slabs(raki, tmp_path_factory):
    folder = tmp_path_factory.mktemp("slabs")
    raki("phantom", "-o", folder / "ky.h5", "--truth", folder / "truth.h5", *SLAB, "-R", 3, "--acs", 24)
    lattice = ["-R", 2, "--acceleration-z", 2, "--caipi-shift", 1, "--acs", 20, "--acs-partitions", 10]
    raki("phantom", "-o", folder / "both.h5", *SLAB, *lattice)
    raki("recon", folder / "truth.h5", "-o", folder / "truth", "-m", "zero-filled", "--output", "npy")
    return folder


def error(folder, truth):
    """Relative error of all partitions together."""
    image, reference = np.load(folder / "image.npy"), np.load(truth / "image.npy")
    assert image.shape == reference.shape == (1, 16, 64, 64)
    return np.linalg.norm(image - reference) / np.linalg.norm(reference)


def recon(raki, slabs, tmp_path, name, method, *options):
    raki("recon", slabs / f"{name}.h5", "-o", tmp_path / method, "-m", method, "--output", "npy,dicom", *options)
    return tmp_path / method


def test_lines_missing_along_ky(raki, slabs, tmp_path):
    errors = {m: error(recon(raki, slabs, tmp_path, "ky", m), slabs / "truth") for m in ("zero-filled", "grappa", "linear", "hybrid")}
    assert errors["hybrid"] < errors["linear"] < 0.5 * errors["zero-filled"]
    assert errors["grappa"] < errors["zero-filled"]
    frame = json.loads((tmp_path / "linear" / "recon.json").read_text())["frames"][0]
    assert frame["numbers"]["slices"] == 16 and frame["method_used"] == "linear"
    assert len(list((tmp_path / "linear" / "series001").glob("*.dcm"))) == 16


def test_a_shifted_lattice_along_both_axes(raki, slabs, tmp_path):
    errors = {m: error(recon(raki, slabs, tmp_path, "both", m), slabs / "truth") for m in ("zero-filled", "linear", "hybrid", "raki")}
    assert errors["linear"] < 0.7 * errors["zero-filled"]
    assert errors["hybrid"] < 0.95 * errors["linear"]
    assert errors["raki"] < 1.01 * errors["hybrid"]
    frame = json.loads((tmp_path / "raki" / "recon.json").read_text())["frames"][0]
    assert frame["method_used"] == "raki" and "half resolution" in frame["reason"]
    refused = raki("recon", slabs / "both.h5", "-o", tmp_path / "x", "-m", "rraki", code=65)
    assert "both phase-encode axes" in refused.stderr and "hybrid" in refused.stderr
    info = json.loads(raki("info", slabs / "both.h5", "--json").stdout)
    assert "both" in info["methods"]["rraki"] and info["samplings"][0]["caipi_shift"] == 1


def test_a_noise_map_of_a_slab(raki, slabs, tmp_path):
    folder = recon(raki, slabs, tmp_path, "ky", "linear", "--noise-map")
    noise, image = np.load(folder / "noise.npy"), np.load(folder / "image.npy")
    assert noise.shape == image.shape and np.isfinite(noise).all() and (noise > 0).all()
    np.testing.assert_allclose(np.load(folder / "snr.npy"), image / noise, rtol=1e-5)


def test_evaluate_takes_slabs_and_lattices(raki, slabs):
    def rows(*options):
        done = raki("evaluate", slabs / "truth.h5", "-m", "zero-filled,linear", "--json", *options)
        return json.loads(done.stdout)

    lattice = rows("-R", 2, "--acceleration-z", 2, "--caipi-shift", 1, "--acs", 20, "--acs-partitions", 10)
    assert "R = " in lattice["sampling"] and lattice["rows"][1]["nrmse"] < 0.7 * lattice["rows"][0]["nrmse"]
    moved = rows("-R", 3, "--acs", 24, "--offset", 1)
    assert moved["rows"][1]["nrmse"] < moved["rows"][0]["nrmse"]
    partial = rows("-R", 2, "--acs", 24, "--partial-fourier", 0.75)
    assert partial["sampling"].startswith("64 x 16 lines, ky 16-63 encoded")
    raki("evaluate", slabs / "truth.h5", "--partial-fourier", 0.4, code=64)
    raki("evaluate", slabs / "truth.h5", "-R", 2, "--caipi-shift", 2, code=64)
