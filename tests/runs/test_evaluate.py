"""`raki evaluate` from the command line: seeds, blobs, signal kept, memory, pictures."""

import json

import numpy as np
import pytest
from PIL import Image

QUICK = ["--acs", 24, "-m", "zero-filled,linear"]


def evaluated(raki, scan, *options):
    return json.loads(raki("evaluate", scan, *QUICK, "--json", *options).stdout)


def test_every_seed_is_a_row_and_the_summary_their_mean(raki, phantom):
    found = evaluated(raki, phantom / "truth.h5", "-R", 3, "--repeats", 2, "--seed", 7, "--blobs", 5)
    assert [(r["method"], r["seed"], r["frame"]) for r in found["rows"][:4]] == [
        ("zero-filled", 7, 0), ("zero-filled", 7, 1), ("zero-filled", 8, 0), ("zero-filled", 8, 1)]
    assert len(found["mask"]) == 1 and len(found["mask"][0]) == 128 and found["mask"][0][64] == "1"
    for summary in found["summary"]:
        rows = [r for r in found["rows"] if (r["method"], r["frame"]) == (summary["method"], summary["frame"])]
        assert summary["repeats"] == len(rows) == 2
        for number in ("nrmse", "recovered", "seconds"):
            values = [r[number] for r in rows]
            assert summary[number]["mean"] == pytest.approx(np.mean(values))
            assert summary[number]["sd"] == pytest.approx(np.std(values, ddof=1), abs=1e-12)
        assert summary["nrmse"]["sd"] == 0 < summary["recovered"]["sd"]  # blobs move with the seed, the methods do not


def test_linear_keeps_and_gives_back_more_than_zero_filling(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "full.h5", "-R", 1, "--matrix-x", 128, "--matrix-y", 128, "--slices", 1)
    zero, linear = evaluated(raki, tmp_path / "full.h5", "-R", 3, "--blobs", 5)["rows"]
    assert zero["kept"] == 0 and 0.7 < linear["kept"] < 1.1
    assert zero["recovered"] < linear["recovered"] < 1.1
    assert linear["peak_mb"] is None or 50 < linear["peak_mb"] < 4000


def test_the_table_has_a_line_of_sd_where_there_is_one(raki, phantom):
    def lines(*options):
        return raki("evaluate", phantom / "truth.h5", *QUICK, *options).stdout.splitlines()

    once, twice = lines(), lines("--repeats", 2)
    assert len(once) == 2 + 4 and "recovered" not in once[1] and "NRMSE" in once[1]
    assert len(twice) == 2 + 8 and twice[3].split()[0] == "sd"


def test_the_plot_has_three_rows(raki, phantom, tmp_path):
    raki("evaluate", phantom / "truth.h5", *QUICK, "--plot", tmp_path / "plot.png", "--noise-map", tmp_path / "noise.npy",
         "--npy", tmp_path / "image.npy")
    picture = np.asarray(Image.open(tmp_path / "plot.png")).reshape(3, 128, 3, 128)
    noise, image = np.load(tmp_path / "noise.npy"), np.load(tmp_path / "image.npy")
    assert noise.shape == image.shape == (2, 2, 1, 128, 128) and np.isfinite(noise).all() and (noise >= 0).all()
    assert picture[0].max() == picture[2].max() == 255
    assert not picture[1, :, 0].any() and picture[1, :, 1].mean() > picture[1, :, 2].mean()  # the truth has no error


@pytest.mark.parametrize("options", [("--repeats", "-1"), ("--repeats", "0"), ("--blobs", "-2"), ("--blobs", "nan"),
                                     ("--blob-size", "0"), ("--noise-repeats", "1")], ids=" ".join)
def test_values_no_option_takes(raki, phantom, options):
    assert raki("evaluate", phantom / "truth.h5", *QUICK, *options, code=64).stdout == ""


@pytest.mark.parametrize("options", [(), ("--blobs", 4)], ids=["plain", "blobs"])
def test_a_scan_without_signal_is_refused(raki, tmp_path, options):
    np.save(tmp_path / "k.npy", np.zeros((4, 32, 32), np.complex64))
    done = raki("evaluate", tmp_path / "k.npy", "--axes", "coil,ky,kx", "-R", 2, *QUICK, *options, code=65)
    assert "signal" in done.stderr and done.stdout == ""


def test_too_few_places_for_blobs_are_refused(raki, tmp_path):
    image = np.zeros((4, 32, 32), np.complex64)
    image[:, 14:17, 14:17] = 1
    k = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(image, axes=(1, 2)), norm="ortho"), axes=(1, 2))
    np.save(tmp_path / "k.npy", k.astype(np.complex64))
    done = raki("evaluate", tmp_path / "k.npy", "--axes", "coil,ky,kx", "-R", 2, *QUICK, "--blobs", 4, code=65)
    assert "9 voxels" in done.stderr and "at least 24" in done.stderr
