"""The notebooks, run as scripts: what they print, and the figures they draw. `60 s` means 120 s of two processors' time,
so that other work on the machine does not count."""

import os
import pathlib
import re
import resource
import subprocess
import sys

import numpy as np
import pytest
from built_package import PACKAGE, ROOT
from PIL import Image

NOTEBOOKS = ROOT / "jobs/python/notebooks"
DATA = pathlib.Path(os.environ.get("RAKI_DATA", ROOT.parent / "shared/data"))
SECONDS, PROCESSORS = 60, 2


def run(name, folder, *arguments, data=DATA):
    """What the script prints."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "RAKI_DATA": str(data)}
    before = processor_seconds()
    done = subprocess.run([sys.executable, NOTEBOOKS / f"{name}.py", folder, *arguments], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert processor_seconds() - before < SECONDS * PROCESSORS
    assert ("NO REAL DATA" in done.stdout) == (not arguments and not (data / "brain8_full_230x180").exists())
    return done.stdout


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check_figure(path):
    """Drawn from edge to edge, in black, white and grey, neither dark nor empty."""
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert np.ptp(pixels, axis=2).max() == 0
    assert pixels.max() == 255 and 0.03 < (pixels > 64).mean() < 0.8
    bright = (pixels[..., 0] > 0).mean(axis=0)
    assert (bright[: len(bright) // 8] > 0).any() and (bright[-len(bright) // 8:] > 0).any()


def nrmse_of(output):
    return {name.strip(): float(value) for name, value in re.findall(r"^(\S[\w -]*?) +(?:NRMSE )?(0\.\d{4}) ", output, re.M)}


@pytest.mark.parametrize("data", ["real", "none"])
def test_methods_are_compared(tmp_path, data):
    nrmse = nrmse_of(run("compare_methods", tmp_path, data=DATA if data == "real" else tmp_path))
    assert list(nrmse) == ["zero-filled", "grappa", "linear", "hybrid", "raki"]
    assert nrmse["hybrid"] < nrmse["linear"] < nrmse["grappa"] < nrmse["zero-filled"]
    assert nrmse["raki"] < 1.02 * nrmse["hybrid"]
    check_figure(tmp_path / "compare_methods.png")


def test_networks_of_ones_own_are_compared(tmp_path):
    nrmse = nrmse_of(run("own_network", tmp_path))
    assert list(nrmse) == ["grappa", "linear", "RAKI", "own loop", "own module"]
    assert all(nrmse["linear"] < nrmse[name] < 0.75 * nrmse["grappa"] for name in ("RAKI", "own loop", "own module"))
    check_figure(tmp_path / "own_network.png")


def test_fastmri_files_become_dicom(tmp_path):
    output = run("fastmri_to_dicom", tmp_path)
    assert re.search(r"phantom: 3 frames of \(192, 192\), \['1.25', '1.25'\] mm, High-Throughput JPEG 2000", output)
    for number in ("001", "011", "012"):
        assert (tmp_path / f"phantom/series{number}/image.dcm").stat().st_size > 1000
    check_figure(tmp_path / "fastmri_to_dicom.png")


def test_a_fastmri_file_of_ones_own(tmp_path):
    run("fastmri_to_dicom", tmp_path)
    (tmp_path / "own").mkdir()
    output = run("fastmri_to_dicom", tmp_path / "own", tmp_path / "phantom.h5")
    assert "phantom: 3 frames" in output and not (tmp_path / "own/phantom.h5").exists()


def test_a_script_without_a_folder_says_what_it_wants(tmp_path):
    done = subprocess.run([sys.executable, NOTEBOOKS / "compare_methods.py"], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(PACKAGE)})
    assert done.returncode == 1 and "FOLDER" in done.stderr


@pytest.mark.parametrize("script", sorted(NOTEBOOKS.glob("*.py")), ids=lambda path: path.stem)
def test_notebooks_stay_short(script):
    lines = script.read_text().splitlines()
    assert len(lines) < 120 and max(map(len, lines)) <= 120
    assert script.stem == "shared" or lines[0] == "# %% [markdown]"
