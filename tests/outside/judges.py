"""What the judges need: our programs, other people's tools, and series written by ours."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pydicom
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build"))


def need(name):
    """Path of one of our programs or of an installed tool; the test is skipped, with the reason, where it is absent."""
    ours = BUILD / "bin" / name
    if ours.exists():
        return str(ours)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is neither in {BUILD}/bin (RAKI_BUILD) nor installed")
    return found


def run(name, *arguments, code=0, **options):
    done = subprocess.run([need(name), *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == code, f"{name} {arguments} ended with {done.returncode}, not {code}:\n{done.stderr}"
    return done


@dataclasses.dataclass
class Series:
    """A folder of DICOM files and what must be in them."""

    kind: str
    syntax: str
    folder: pathlib.Path
    stored: np.ndarray  # (slice, y, x): the pixel values

    @property
    def files(self):
        return sorted(self.folder.rglob("*.dcm"))

    @property
    def datasets(self):
        return [pydicom.dcmread(file) for file in self.files]

    @property
    def scan(self):
        return json.loads((self.folder / "scan.json").read_text())


def write_synthetic(folder, syntax, kind):
    run("write_dicom_series", folder, syntax, kind)
    return Series(kind, syntax, folder, np.load(folder / "pixels.npy").astype(np.uint16))


def reconstruct(folder, syntax):
    """The whole program on its own phantom: stored pixels are the float image times one factor, rounded."""
    run("raki", "phantom", "-o", folder / "scan.h5", "--matrix-x", 96, "--matrix-y", 80, "--slices", 2, "--coils", 4)
    run("raki", "recon", folder / "scan.h5", "-o", folder / "out", "--method", "zero-filled", "--syntax", syntax,
        "--output", "dicom,npy")
    image = np.load(folder / "out" / "image.npy").astype(np.float64)[:, 0]
    stored = np.floor(image * (32767 / image.max()) + 0.5).astype(np.uint16)
    return Series("recon", syntax, folder / "out", stored)
