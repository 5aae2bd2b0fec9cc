"""BART's ESPIRiT with l1-wavelet and total variation on the lines that `hybrid` gets: `hybrid` is nearer to the truth."""

import json
import os
import pathlib
import shutil
import sys

import numpy as np
import pytest

from judges import ROOT, run

sys.path.insert(0, str(ROOT / "tests" / "support"))
import bart  # noqa: E402
import full_scans  # noqa: E402

DATA = pathlib.Path(os.environ.get("RAKI_DATA", ROOT.parent / "shared" / "data"))
pytestmark = [pytest.mark.skipif(shutil.which("bart") is None, reason="bart (Debian package bart) is not installed"),
              pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared scans at {DATA} (RAKI_DATA says where)")]


@pytest.mark.parametrize("name", ["prescan16", "brain16"])
def test_hybrid_beats_compressed_sensing(tmp_path, name):
    full = full_scans.load(DATA, name)
    np.save(tmp_path / "k.npy", full)
    found = json.loads(run("raki", "evaluate", tmp_path / "k.npy", "--axes", "coil,ky,kx", "-R", 4, "--acs", 24, "--method",
                           "hybrid", "--json").stdout)
    measured = np.array(list(found["mask"][0])) == "1"
    reference = full_scans.root_sum_of_squares(full)
    for method in bart.METHODS:
        filled = bart.reconstruct(full, measured, 24, method)
        assert np.array_equal(filled[:, measured], full[:, measured])
        theirs = full_scans.nrmse(full_scans.root_sum_of_squares(filled), reference)
        zero_filled = full_scans.nrmse(full_scans.root_sum_of_squares(full * measured[None, :, None]), reference)
        assert found["rows"][0]["nrmse"] < theirs < 0.7 * zero_filled  # the judge itself has to work


def test_the_measured_lines_decide_the_sign():
    kspace = np.array([[[1 + 1j, 2], [3, 4], [5, 6]]], np.complex64)
    measured = np.array([True, False, True])
    filled = -kspace
    filled[:, 1] *= 0.5
    np.testing.assert_array_equal(bart.restored(filled, kspace, measured)[0, :, 1], [2, 2, 6])
