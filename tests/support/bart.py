"""BART's compressed sensing (ESPIRiT maps, `pics`) as a judge: what others reach on the same lines.

One setting for all scans, 100 iterations. Total variation needs ADMM's rho at 0.1: with the default of 0.5 it has not
converged after 100 iterations and is 4 % worse (brain16, R = 4, 24 lines: 0.0452 instead of 0.0435; 0.0436 after 300).
Maps from all calibration lines, with a kernel of 6, or of 5 below 12 lines (brain16, fastMRI's 10 lines: 0.098 instead of 0.297).
"""

import pathlib
import subprocess
import tempfile

import numpy as np
from full_scans import cfl

METHODS = {"bart-l1-wavelet": ["-R", "W:3:0:0.003"], "bart-tv": ["-R", "T:3:0:0.002", "-u", "0.1"]}


def write_cfl(path, array):
    sizes = " ".join(map(str, [*array.shape, *[1] * (16 - array.ndim)]))
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{sizes}\n")
    array.astype(np.complex64).ravel(order="F").tofile(path.with_suffix(".cfl"))


def restored(filled, kspace, measured):
    """`filled` with the measured lines of `kspace`. BART's centred transform differs from the others' by the sign
    wherever half a side is odd, which the measured lines show."""
    filled = filled * np.sign(np.vdot(filled[:, measured], kspace[:, measured]).real)
    filled[:, measured] = kspace[:, measured]
    return filled


def reconstruct(kspace, measured, acs, method):
    """k-space (coil, ky, kx) with its missing lines filled: the image times its maps, back in k-space. `measured`: bool
    (ky,); `acs`: calibration lines. Raises CalledProcessError where BART gives up (fewer lines than its kernel)."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_cfl(folder / "k", (kspace * measured[None, :, None]).transpose(2, 1, 0)[:, :, None])
        for command in (["ecalib", "-r", str(max(acs, 24)), "-k", "6" if acs >= 12 else "5", "k", "maps"],
                        ["pics", "-S", "-i", "100", *METHODS[method], "k", "maps", "image"],
                        ["fmac", "-s", "16", "image", "maps", "coils"],  # sum over the sets of maps
                        ["fft", "-u", "3", "coils", "filled"]):
            subprocess.run(["bart", *command], cwd=folder, check=True, capture_output=True)
        filled = cfl(folder / "filled")[:, :, 0, :].reshape(kspace.shape[::-1]).transpose(2, 1, 0)
    return restored(filled, kspace, measured)
