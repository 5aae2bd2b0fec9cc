"""`raki` against `linear` on the real, fully sampled sets: one JSON line a case.

    RAKI_DATA=... RAKI_BUILD=... python tests/bench/residual_real_sets.py [set ...]

Ends with 1 when `raki` is worse than `linear` by more than 0.5 % of its NRMSE anywhere.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import scipy.io

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("RAKI_DATA", ROOT.parent / "shared" / "data"))
BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build"))


def brain8():
    folder = DATA / "brain8_full_230x180"
    sizes = [int(n) for n in (folder / "full.hdr").read_text().split("\n")[1].split()]
    return np.fromfile(folder / "full.cfl", np.complex64).reshape(sizes, order="F").squeeze().transpose(2, 0, 1)


SETS = {
    "brain8": brain8,
    "alias8": lambda: scipy.io.loadmat(DATA / "brain8_smallfov_320x168" / "brain_alias_8ch.mat")["DATA"]
    .transpose(2, 0, 1)[:, :, 44:212],
    "brain16": lambda: np.load(DATA / "brain16_gre_128x128" / "brain_164128.npy"),
    "phantom16": lambda: np.load(DATA / "brain16_gre_128x128" / "phantom_160052.npy"),
    "prescan16": lambda: np.load(DATA / "brain16_prescan_64x64" / "preScanRefData.npy"),
}


def trial(file, acceleration, acs):
    command = [BUILD / "bin" / "residual_trial", file, acceleration, acs, os.cpu_count()]
    return json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout)


def main():
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "kspace.npy"
        for name in sys.argv[1:] or SETS:
            kspace = SETS[name]()
            np.save(file, np.ascontiguousarray(kspace / np.abs(kspace).max()).astype(np.complex64))
            for acceleration, acs in [(r, a) for r in (4, 5) for a in (24, 40) if a < kspace.shape[1] // 2]:
                row = trial(file, acceleration, acs)
                worst = max(worst, row["raki"] / row["linear"] - 1)
                print(json.dumps(dict(set=name, R=acceleration, acs=acs, **row)), flush=True)
    print(json.dumps(dict(worst_loss=worst)))
    return worst > 0.005


if __name__ == "__main__":
    sys.exit(main())
