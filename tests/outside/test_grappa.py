"""GRAPPA against an independent statement of it in double precision: Griswold et al., MRM 47:1202 (2002), a 4 x 5 kernel
and Tikhonov 5e-4 trace / n. Also `linear` on the same k-space: the noise-aware kernel has to beat it."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
PROGRAM = BUILD / "bin" / "interpolate_array"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (RAKI_BUILD names the build folder)")


def phantom(n_coils, ny, nx, noise):
    """Coil k-space of discs seen by Gaussian coils around them."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[-1 : 1 : ny * 1j, -1 : 1 : nx * 1j]
    image = sum(a * (((x - u) / r) ** 2 + ((y - v) / r) ** 2 < 1) for a, u, v, r in [(1, 0, 0, 0.8), (-0.4, 0.2, 0.1, 0.3), (0.6, -0.3, -0.4, 0.15)])
    angle = 2 * np.pi * np.arange(n_coils)[:, None, None] / n_coils
    coils = np.exp(-((x - 1.2 * np.cos(angle)) ** 2 + (y - 1.2 * np.sin(angle)) ** 2) + 1j * (angle + x * np.cos(angle)))
    k = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(coils * image, axes=(1, 2)), norm="ortho"), axes=(1, 2))
    k += noise * (random.standard_normal(k.shape) + 1j * random.standard_normal(k.shape))
    return k.astype(np.complex64)


def uniform(ny, acceleration, acs):
    mask = np.zeros(ny, bool)
    mask[ny // 2 % acceleration :: acceleration] = True
    mask[ny // 2 - acs // 2 : ny // 2 - acs // 2 + acs] = True
    return mask


def window(k, lines, column):
    """All coils at `lines` and five readout samples about `column`, zeros beyond the readout."""
    return np.array([[[k[c, y, column + t] if 0 <= column + t < k.shape[2] else 0 for t in range(-2, 3)] for y in lines] for c in range(len(k))]).ravel()


def grappa(k, mask, acs):
    """Line by line: every missing line from the two nearest measured lines on each side of its gap (at an edge, from the
    two nearest at all), learnt wherever the same pattern fits into the calibration lines `acs` (first, last + 1)."""
    n_coils, ny, nx = k.shape
    measured = np.flatnonzero(mask)
    filled = np.where(mask[None, :, None], k, 0).astype(np.complex128)
    for line in np.flatnonzero(~mask):
        below, above = measured[measured < line][::-1][:2], measured[measured > line][:2]
        sources = np.sort(np.concatenate([below, above]))
        # A block of the whole gap decides where the pattern fits.
        gap = [line] if len(below) == 0 or len(above) == 0 else list(range(below[0] + 1, above[0]))
        span = [*gap, *sources]
        shifts = range(acs[0] - min(span), acs[1] - max(span))
        a = np.array([window(k, sources + s, x) for s in shifts for x in range(2, nx - 2)], np.complex128)
        b = np.array([k[:, line + s, x] for s in shifts for x in range(2, nx - 2)], np.complex128)
        gram = a.conj().T @ a
        weight = 5e-4 * np.trace(gram).real / len(gram)
        kernel = np.linalg.solve(gram + weight * np.eye(len(gram)), a.conj().T @ b)
        for x in range(nx):
            filled[:, line, x] = window(k, sources, x) @ kernel
    return filled


def ours(folder, k, mask, method):
    np.save(folder / "k.npy", k)
    np.save(folder / "mask.npy", mask)
    sizes = [str(n) for n in k.shape]
    subprocess.run([PROGRAM, folder / "k.npy", folder / "mask.npy", *sizes, method, folder / f"{method}.npy"], check=True)
    return np.load(folder / f"{method}.npy")[0, :, 0]


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("acceleration, acs", [(2, 16), (3, 20)])
def test_grappa_is_the_textbooks(tmp_path, acceleration, acs):
    k, mask = phantom(4, 48, 32, 0.01), uniform(48, acceleration, acs)
    run = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    acs_range = max(zip(run[::2], run[1::2]), key=lambda r: r[1] - r[0])
    missing = ~mask
    expected = grappa(k, mask, acs_range)
    found = ours(tmp_path, k, mask, "grappa")
    assert relative(found[:, missing], expected[:, missing]) < 1e-4
    assert np.array_equal(found[:, mask], k[:, mask])


def test_linear_beats_grappa_on_noisy_data(tmp_path):
    clean, mask = phantom(6, 96, 64, 0), uniform(96, 4, 24)
    k = phantom(6, 96, 64, 0.005)
    errors = {m: relative(ours(tmp_path, k, mask, m)[:, ~mask], clean[:, ~mask]) for m in ("linear", "grappa")}
    assert errors["linear"] < errors["grappa"], errors
