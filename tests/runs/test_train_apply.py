"""raki train and raki apply: the two halves of raki recon."""

import json

import pytest

SCAN = ["--oversampling", 1, "--acs", 20]
SQUARE = ["--matrix-x", 64, "--matrix-y", 64]


@pytest.fixture(scope="module")
def scan(raki, tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    raki("phantom", "-o", folder / "scan.h5", *SCAN, *SQUARE, "-R", 3, "--slices", 5)
    raki("train", folder / "scan.h5", "-o", folder / "network.json")
    return folder


def both(raki, folder, scan, *options):
    """What recon and apply make of a scan."""
    raki("recon", scan / "scan.h5", "-o", folder / "recon", "--output", "npy", *options)
    raki("apply", scan / "scan.h5", scan / "network.json", "-o", folder / "apply", "--output", "npy", *options)
    return [(folder / half / "image.npy").read_bytes() for half in ("recon", "apply")]


def test_train_and_apply_are_recon_to_the_bit(raki, scan, tmp_path):
    recon, apply = both(raki, tmp_path, scan)
    assert recon == apply
    halves = [json.loads((tmp_path / half / "recon.json").read_text())["frames"] for half in ("recon", "apply")]
    for trained, applied in zip(*halves):
        seconds = trained["numbers"].pop("training_seconds"), applied["numbers"].pop("training_seconds")
        assert seconds[0] > 0 and seconds[1] == 0
        assert trained == applied


def test_train_says_what_was_decided(raki, scan, tmp_path):
    told = raki("train", scan / "scan.h5", "-o", tmp_path / "network.json").stderr
    for line in ("acceleration: R = 3", "noise: prewhitened"):
        assert line in told


def test_the_knobs_of_both_halves_are_those_of_recon(raki, scan, tmp_path):
    knobs = ["--detail", 2, "--seed", 7, "--slices", "1:3"]
    (tmp_path / "scan.h5").symlink_to(scan / "scan.h5")
    raki("train", tmp_path / "scan.h5", "-o", tmp_path / "network.json", *knobs)
    recon, apply = both(raki, tmp_path, tmp_path, *knobs)
    assert recon == apply
    assert (tmp_path / "network.json").read_text() != (scan / "network.json").read_text()


def test_a_slab_of_slices(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "scan.h5", *SCAN, *SQUARE, "-R", 3, "--slab", "--slices", 6)
    raki("train", tmp_path / "scan.h5", "-o", tmp_path / "network.json")
    recon, apply = both(raki, tmp_path, tmp_path)
    assert recon == apply


@pytest.mark.parametrize("other", [[*SQUARE, "-R", 4], [*SQUARE, "-R", 3, "--coils", 6],
                                   ["--matrix-x", 64, "--matrix-y", 72, "-R", 3], ["--matrix-x", 80, "--matrix-y", 64, "-R", 3]])
def test_a_network_of_another_scan_is_refused(raki, scan, tmp_path, other):
    raki("phantom", "-o", tmp_path / "other.h5", *SCAN, "--slices", 1, *other)
    refused = raki("apply", tmp_path / "other.h5", scan / "network.json", "-o", tmp_path / "result", code=65)
    assert "does not fit" in refused.stderr and "64 x 64 (kx x ky), R = 3" in refused.stderr
    assert not (tmp_path / "result").exists()


def test_refusals_leave_nothing(raki, scan, tmp_path):
    raki("phantom", "-o", tmp_path / "small.h5", "--matrix-x", 40, "--matrix-y", 40, "--acs", 16, "-R", 2, "--slices", 1)
    refused = raki("train", tmp_path / "small.h5", "-o", tmp_path / "network.json", code=65)
    assert "40 lines" in refused.stderr
    raki("phantom", "-o", tmp_path / "full.h5", *SCAN, *SQUARE, "-R", 1, "--slices", 1)
    assert "no line is missing" in raki("train", tmp_path / "full.h5", "-o", tmp_path / "network.json", code=65).stderr
    assert not (tmp_path / "network.json").exists()
    raki("train", scan / "scan.h5", "-o", scan / "network.json", code=73)
    raki("train", scan / "scan.h5", "-o", tmp_path / "nowhere" / "network.json", code=73)
    (tmp_path / "bad.json").write_text("{")
    assert "network file" in raki("apply", scan / "scan.h5", tmp_path / "bad.json", "-o", tmp_path / "r", code=65).stderr
    raki("apply", scan / "scan.h5", tmp_path / "none.json", "-o", tmp_path / "r", code=66)
