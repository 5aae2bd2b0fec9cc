"""Scans of several echoes and repetitions: what their frames have in common, and what each has of its own."""

import pathlib
import sys

import ismrmrd
import numpy as np
import pydicom
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from mrd_inputs import NOISE, centred_fft, centred_ifft, write_stream  # noqa: E402

SHIFT_MM = 0.3  # along the slices' normal, of the second repetition


def phase_of_later_echo(n):
    """Radians by column of an image of `n` columns."""
    return 0.7 + 0.8 * np.cos(2 * np.pi * (np.arange(n) - n // 2) / n)


def later_echo(samples):
    """A readout (coil, kx), twice oversampled, of the object with that phase."""
    columns = centred_ifft(samples, (1,))
    n = samples.shape[1]
    columns[:, n // 4:n // 4 + n // 2] *= np.exp(1j * phase_of_later_echo(n // 2))
    return centred_fft(columns, (1,)).astype(np.complex64)


@pytest.fixture(scope="module")
def echoes(phantom, tmp_path_factory):
    """The phantom's readouts twice: as contrast 0, and with another phase, less signal and slices moved as repetition 1 of
    contrast 1."""
    path = tmp_path_factory.mktemp("echoes") / "scan.mrd"
    with ismrmrd.File(phantom / "scan.h5", "r") as file:
        dataset = file["dataset"]
        readouts = list(dataset.acquisitions)
        later = []
        for readout in readouts:
            if readout.is_flag_set(NOISE):
                continue
            other = ismrmrd.Acquisition(readout.getHead(), 0.6 * later_echo(readout.data))
            other.idx.contrast = other.idx.repetition = 1
            other.position[:] = np.asarray(readout.position) + SHIFT_MM * np.asarray(readout.slice_dir)
            later.append(other)
        write_stream(path, dataset.header.toXML(), readouts + later)
    return path


def phases(raki, scan, folder, *options):
    raki("recon", scan, "-o", folder, "--method", "linear", "--parts", "phase", "--output", "npy,dicom", *options)
    return np.load(folder / "phase.npy")[:, 0], np.load(folder / "image.npy")[:, 0]


@pytest.mark.parametrize("options", [(), ("--coils", 6), ("--no-prewhiten",)], ids=lambda options: " ".join(map(str, options)))
def test_the_phase_between_echoes_is_the_objects(raki, echoes, tmp_path, options):
    phase, image = phases(raki, echoes, tmp_path / "out", *options)
    assert phase.shape == (4, 128, 128)
    for of_slice in range(2):
        first, later = phase[of_slice], phase[of_slice + 2]
        bright = image[of_slice] > 0.2 * image[of_slice].max()
        error = np.angle(np.exp(1j * (later - first - phase_of_later_echo(128))))[bright]
        assert np.abs(np.median(error)) < 0.01 and np.quantile(np.abs(error), 0.99) < 0.1


def test_a_scan_computed_in_parts_has_the_phases_of_the_whole(raki, echoes, tmp_path):
    whole, _ = phases(raki, echoes, tmp_path / "whole")
    later, _ = phases(raki, echoes, tmp_path / "later", "--frames", "2:4")
    one_slice, _ = phases(raki, echoes, tmp_path / "slice", "--slices", "1:2")
    assert np.array_equal(later, whole[2:]) and np.array_equal(one_slice, whole[1::2])


def test_the_spacing_of_slices_is_that_of_one_volume(raki, echoes, phantom, tmp_path):
    """Repetitions that follow the patient's motion stand a little beside the first: no spacing of slices."""
    for scan, folder in ((echoes, "moved"), (phantom / "scan.h5", "still")):
        raki("recon", scan, "-o", tmp_path / folder, "--method", "zero-filled")
    spacing = {folder: {pydicom.dcmread(f).SpacingBetweenSlices for f in (tmp_path / folder).rglob("*.dcm")}
               for folder in ("moved", "still")}
    assert spacing["moved"] == spacing["still"] and len(spacing["still"]) == 1
    assert "0.3 mm" not in raki("info", echoes).stdout
