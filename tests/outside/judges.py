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
    """`code` None: whatever the program ends with."""
    done = subprocess.run([need(name), *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)
    assert code is None or done.returncode == code, f"{name} {arguments} ended with {done.returncode}, not {code}:\n{done.stderr}"
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


def write_synthetic(folder, syntax, kind, storage="classic", content="magnitude"):
    run("write_dicom_series", folder, syntax, kind, storage, content)
    pixels = np.load(folder / "pixels.npy")
    return Series(kind, syntax, folder, pixels.astype(np.int16 if pixels.min() < 0 else np.uint16))


def reconstruct(folder, syntax):
    """The whole program on its own phantom: stored pixels are the float image times one factor, rounded."""
    run("raki", "phantom", "-o", folder / "scan.h5", "--matrix-x", 96, "--matrix-y", 80, "--slices", 2, "--coils", 4)
    run("raki", "recon", folder / "scan.h5", "-o", folder / "out", "--method", "zero-filled", "--syntax", syntax,
        "--output", "dicom,npy")
    image = np.load(folder / "out" / "image.npy").astype(np.float64)[:, 0]
    stored = np.floor(image * (32767 / image.max()) + 0.5).astype(np.uint16)
    return Series("recon", syntax, folder / "out", stored)


# Why each of these stays is told in io/README.md.
EXPECTED_WARNINGS = (
    "Unrecognized defined term <M> for value 3 of attribute <Image Type>",
    "Unrecognized defined term <P> for value 3 of attribute <Image Type>",
    "Unrecognized defined term <R> for value 3 of attribute <Image Type>",
    "Unrecognized defined term <I> for value 3 of attribute <Image Type>",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x9069) FD Parallel Reduction Factor In-plane",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x9077) CS Parallel Acquisition",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x9078) CS Parallel Acquisition Technique",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x9155) FD Parallel Reduction Factor Out-of-plane",
    "Attribute is not present in standard DICOM IOD - (0x0028,0x1052) DS Rescale Intercept",
    "Attribute is not present in standard DICOM IOD - (0x0028,0x1053) DS Rescale Slope",
    "Attribute is not present in standard DICOM IOD - (0x0028,0x1054) LO Rescale Type",
    "Non-identity Modality LUT Module (RescaleSlope and RescaleIntercept) not expected to be present in standard MR IOD",
    "Dicom dataset contains attributes not present in standard DICOM IOD - this is a Standard Extended SOP Class",
    "Unrecognized defined term <ISO_15444_15> for value 1 of attribute <Lossy Image Compression Method>",
    "Missing attribute or value that would be needed to build DICOMDIR - ",
    "is only permitted to be empty when actually unknown; should be absent (not empty) if an unpaired body part",
)
EXPECTED_OF_ENHANCED = EXPECTED_WARNINGS + (
    "Unrecognized defined term <UNKNOWN> for value 1 of attribute <Applicable Safety Standard Agency>",
    "Attribute is not present in standard DICOM IOD - (0x0008,0x2111) ST Derivation Description",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x0080) DS Repetition Time",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x0082) DS Inversion Time",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x0084) DS Imaging Frequency",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x0091) IS Echo Train Length",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x0095) DS Pixel Bandwidth",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x1314) DS Flip Angle",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x9036) CS Partial Fourier Direction",
    "Attribute is not present in standard DICOM IOD - (0x0018,0x9081) CS Partial Fourier",
)


def complaints(file, storage="classic"):
    """Of dciodvfy, but for the warnings that are argued."""
    rules, expected = ("MRImage", EXPECTED_WARNINGS) if storage == "classic" else ("EnhancedMRImage", EXPECTED_OF_ENHANCED)
    lines = run("dciodvfy", file).stderr.splitlines()
    assert rules in lines  # by which it was judged
    return [line for line in lines if line != rules and not any(line.startswith(f"Warning - {w}") for w in expected)]
