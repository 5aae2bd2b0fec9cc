"""`raki compare` against scikit-image and NumPy on images that differ in blur, noise and scale."""
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
pytestmark = pytest.mark.skipif(not (BUILD / "bin/raki").exists(), reason="raki is not built (RAKI_BUILD names the build folder)")


def head(shape):
    """An ellipse with structure, zero outside."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[-1:1:shape[0] * 1j, -1:1:shape[1] * 1j]
    return ((y / 0.8) ** 2 + (x / 0.7) ** 2 < 1) * (1 + 0.4 * gaussian_filter(rng.standard_normal(shape), 1.5))


CHANGES = {"noise": lambda a: np.abs(a + 0.03 * np.random.default_rng(5).standard_normal(a.shape)),
           "blur": lambda a: gaussian_filter(a, 1.2),
           "scale": lambda a: 0.9 * a}


@pytest.mark.parametrize("shape", [(96, 80), (61, 75)])
@pytest.mark.parametrize("change", CHANGES)
def test_metrics_are_those_of_scikit_image(tmp_path, change, shape):
    truth = head(shape).astype(np.float32)
    image = CHANGES[change](truth).astype(np.float32)
    np.save(tmp_path / "a.npy", image)
    np.save(tmp_path / "b.npy", truth)
    done = subprocess.run([BUILD / "bin/raki", "compare", tmp_path / "a.npy", tmp_path / "b.npy", "--json"], check=True,
                          capture_output=True, text=True)
    ours = json.loads(done.stdout)["planes"][0]

    top = float(truth.max())
    a, r = image.astype(np.float64), truth.astype(np.float64)
    similarity, windows = structural_similarity(a, r, win_size=7, data_range=top, full=True)
    inside = truth > 0.08 * top
    assert ours["ssim"] == pytest.approx(similarity, abs=1e-6)
    assert ours["ssim_masked"] == pytest.approx(windows[3:-3, 3:-3][inside[3:-3, 3:-3]].mean(), abs=1e-6)
    assert ours["psnr_db"] == pytest.approx(peak_signal_noise_ratio(r, a, data_range=top), abs=1e-4)
    assert ours["nrmse"] == pytest.approx(np.linalg.norm((a - r)[inside]) / np.linalg.norm(r[inside]), rel=1e-6)
