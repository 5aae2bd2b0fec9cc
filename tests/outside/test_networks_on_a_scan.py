"""rraki and iraki on a real scan: as far from the truth as the PyTorch statements of them, each from its own random weights."""
import os
import sys
import pathlib

import numpy as np
import pytest
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import networks_torch as reference  # noqa: E402

SCAN = pathlib.Path(os.environ.get("RAKI_DATA", ROOT.parent / "shared" / "data")) / "brain16_prescan_64x64" / "preScanRefData.npy"
R, ACS, COILS, SEEDS = 4, 24, 6, (1, 2, 3)
STEPS = {"rraki": 120, "iraki": 20}  # far fewer than published: a minute in all
RATES = (5e-4, 5e-4 - 3e-5)
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not SCAN.exists(), reason=f"no shared scan at {SCAN} (RAKI_DATA says where)"),
              pytest.mark.skipif(reference.program() is None,
                                 reason=f"{reference.PROGRAM} is not built (RAKI_BUILD names the build folder)")]


def image(kspace):
    coils = np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(kspace, axes=(1, 2)), norm="ortho"), axes=(1, 2))
    return np.sqrt((abs(coils) ** 2).sum(0))


def nrmse(kspace, truth):
    return np.linalg.norm(image(kspace) - image(truth)) / np.linalg.norm(image(truth))


@pytest.mark.parametrize("method", STEPS)
def test_as_good_as_pytorch(tmp_path, method):
    full, steps = np.load(SCAN)[:COILS].astype(np.complex64), STEPS[method]
    ours, theirs = [], []
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        folder.mkdir()
        reference.run_program(full, folder, R, ACS, steps, seed, method=method, rounds=len(RATES))
        made = {p.stem: np.load(p) for p in folder.glob("*.npy")}
        torch.manual_seed(seed)
        if method == "rraki":
            filled = reference.rraki(made["undersampled"], made["calibration"], R, steps)
        else:
            filled = reference.iraki(made["undersampled"], made["start"], R, (steps, steps), RATES)[0]
        ours.append(nrmse(made["filled"], full))
        theirs.append(nrmse(filled, full))
    zero_filled = nrmse(made["undersampled"], full)
    print(f"{method}: ours {ours}, PyTorch {theirs}, zero-filled {zero_filled:.4f}")
    assert abs(np.mean(ours) - np.mean(theirs)) < 0.05 * np.mean(theirs)
    assert np.mean(ours) < zero_filled
