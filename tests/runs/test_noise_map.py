"""`raki recon --noise-map` against scans that are really repeated."""

import numpy as np
import pytest

REPEATS = 12
PHANTOM = ["--slices", 1, "--matrix-x", 96, "--matrix-y", 96, "--acs", 28, "-R", 3, "--oversampling", 1, "--noise", 0.2]


@pytest.fixture(scope="module")
def scans(raki, tmp_path_factory):
    """The same scan with other noise every time."""
    folder = tmp_path_factory.mktemp("repeats")
    files = [folder / f"scan{seed}.h5" for seed in range(REPEATS)]
    for seed, file in enumerate(files):
        raki("phantom", "-o", file, "--seed", seed, *PHANTOM)
    return files


def array(folder, name):
    return np.load(folder / f"{name}.npy")[0, 0]


def images(raki, scans, folder, method):
    for i, scan in enumerate(scans):
        raki("recon", scan, "-o", folder / f"{method}{i}", "-m", method, "--output", "npy", *(["--noise-map"] if i == 0 else []))
    return np.stack([array(folder / f"{method}{i}", "image") for i in range(len(scans))])


# The sd of 12 repeats is known to 1 / sqrt(22) at one pixel, and far better as a mean over the object.
@pytest.mark.parametrize("method", ["linear", "hybrid"])
def test_the_map_says_what_repeated_scans_show(raki, scans, tmp_path, method):
    repeated = images(raki, scans, tmp_path, method)
    first = tmp_path / f"{method}0"
    predicted, found = array(first, "noise"), repeated.std(0, ddof=1)
    inside = repeated.mean(0) > 0.2 * repeated.mean(0).max()
    ratio = np.sqrt((found[inside] ** 2).mean() / (predicted[inside] ** 2).mean())
    assert ratio == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(array(first, "snr")[inside], (array(first, "image") / predicted)[inside], rtol=1e-5)


def test_files_say_what_the_method_allows(raki, scans, tmp_path):
    names = lambda folder: {p.name for p in folder.glob("*.npy")}
    raki("recon", scans[0], "-o", tmp_path / "grappa", "-m", "grappa", "--output", "npy", "--noise-map", "--no-prewhiten")
    assert names(tmp_path / "grappa") == {"image.npy", "noise.npy", "g_factor.npy"}  # no noise scan used: no SNR
    raki("recon", scans[0], "-o", tmp_path / "hybrid", "-m", "hybrid", "--output", "png", "--noise-map", "--noise-repeats", 2)
    assert names(tmp_path / "hybrid") == {"noise.npy", "bias.npy", "snr.npy"}
    raki("recon", scans[0], "-o", tmp_path / "x", "--noise-map", "--noise-repeats", 1, code=64)


def test_zero_filling_keeps_the_measured_share_of_the_noise(raki, scans, tmp_path):
    raki("recon", scans[0], "-o", tmp_path / "out", "-m", "zero-filled", "--output", "npy", "--noise-map")
    part = len([y for y in range(96) if y % 3 == 0 or 34 <= y < 62]) / 96
    inside = array(tmp_path / "out", "image") > 5
    np.testing.assert_allclose(array(tmp_path / "out", "noise")[inside], np.sqrt(part / 2), rtol=1e-3)
    np.testing.assert_allclose(array(tmp_path / "out", "g_factor")[inside], part, rtol=1e-3)
