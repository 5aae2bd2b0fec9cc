"""Scans of several echoes and repetitions: what their frames have in common, and what each has of its own."""

import json
import pathlib
import sys

import ismrmrd
import numpy as np
import pydicom
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from mrd_inputs import NOISE, centred_fft, centred_ifft, write_stream  # noqa: E402

RANDOM = np.random.default_rng(1)
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


def write_echoes(source, path, *, before=None):
    """The readouts of `source` twice: as they are, and with another phase, less signal and slices moved as repetition 1 of the
    next contrast. `before`: what makes the samples of a contrast before these."""
    with ismrmrd.File(source, "r") as file:
        dataset = file["dataset"]
        readouts = list(dataset.acquisitions)
        signal = [readout for readout in readouts if not readout.is_flag_set(NOISE)]

        def contrast(number, samples_of):
            for readout in signal:
                other = ismrmrd.Acquisition(readout.getHead(), np.ascontiguousarray(samples_of(readout.data), np.complex64))
                other.idx.contrast = number
                yield other

        contrasts = [before] if before else []
        contrasts += [lambda samples: samples, lambda samples: 0.6 * later_echo(samples)]
        made = [readout for number, samples_of in enumerate(contrasts) for readout in contrast(number, samples_of)]
        for readout in made[-len(signal):]:
            readout.idx.repetition = 1
            readout.position[:] = np.asarray(readout.position) + SHIFT_MM * np.asarray(readout.slice_dir)
        write_stream(path, dataset.header.toXML(), [r for r in readouts if r.is_flag_set(NOISE)] + made)
    return path


@pytest.fixture(scope="module")
def echoes(phantom, tmp_path_factory):
    return write_echoes(phantom / "scan.h5", tmp_path_factory.mktemp("echoes") / "scan.mrd")


def results(raki, scan, folder, *options):
    """Phase and magnitude, (frame, z, y, x)."""
    raki("recon", scan, "-o", folder, "--method", "linear", "--parts", "phase", "--output", "npy", *options)
    return np.load(folder / "phase.npy"), np.load(folder / "image.npy")


def assert_phases_are_the_objects(phase, image):
    """Of the last two contrasts."""
    phase, image = (whole.reshape(-1, *whole.shape[2:]) for whole in (phase, image))
    n = len(phase) // 2
    error = np.angle(np.exp(1j * (phase[n:] - phase[:n] - phase_of_later_echo(phase.shape[-1]))))
    error = error[image[:n] > 0.2 * image.max()]
    assert np.abs(np.median(error)) < 0.01 and np.quantile(np.abs(error), 0.99) < 0.1


@pytest.mark.parametrize("options", [(), ("--coils", 6), ("--no-prewhiten",)], ids=lambda options: " ".join(map(str, options)))
def test_the_phase_between_echoes_is_the_objects(raki, echoes, tmp_path, options):
    phase, image = results(raki, echoes, tmp_path / "out", *options)
    assert phase.shape == (4, 1, 128, 128)
    assert_phases_are_the_objects(phase, image)


@pytest.mark.parametrize("kind", [("--separate-calibration",), ("--partial-fourier", 0.75), ("--slab",)],
                         ids=lambda options: options[0])
def test_the_same_of_other_scans(raki, tmp_path, kind):
    raki("phantom", "-o", tmp_path / "scan.h5", "--matrix-x", 96, "--matrix-y", 96, "--acs", 24, "--noise", 0.02, *kind)
    scan = write_echoes(tmp_path / "scan.h5", tmp_path / "scan.mrd")
    assert_phases_are_the_objects(*results(raki, scan, tmp_path / "out"))


def noise_like(samples):
    real, imaginary = RANDOM.standard_normal((2, *samples.shape))
    return (real + 1j * imaginary) * 1e-3 * np.abs(samples).mean()


@pytest.mark.parametrize("before", [noise_like, np.zeros_like, lambda samples: np.full_like(samples, np.nan)],
                         ids=["noise", "zeros", "damaged"])
def test_a_first_frame_without_signal_is_no_reference(raki, phantom, echoes, tmp_path, before):
    scan = write_echoes(phantom / "scan.h5", tmp_path / "scan.mrd", before=before)
    found = results(raki, scan, tmp_path / "out", "--frames", "2:6")
    assert all(map(np.array_equal, found, results(raki, echoes, tmp_path / "without")))


def test_the_magnitude_owes_nothing_to_the_reference(raki, echoes, tmp_path):
    _, image = results(raki, echoes, tmp_path / "phase")
    raki("recon", echoes, "-o", tmp_path / "alone", "--method", "linear", "--output", "npy")
    assert np.array_equal(np.load(tmp_path / "alone" / "image.npy"), image)


def test_a_scan_computed_in_parts_has_the_phases_of_the_whole(raki, echoes, tmp_path):
    whole, _ = results(raki, echoes, tmp_path / "whole")
    later, _ = results(raki, echoes, tmp_path / "later", "--frames", "2:4")
    one_slice, _ = results(raki, echoes, tmp_path / "slice", "--slices", "1:2")
    assert np.array_equal(later, whole[2:]) and np.array_equal(one_slice, whole[1::2])


def test_the_spacing_of_slices_is_that_of_one_volume(raki, echoes, phantom, tmp_path):
    """Repetitions that follow the patient's motion stand a little beside the first: no spacing of slices."""
    for scan, folder in ((echoes, "moved"), (phantom / "scan.h5", "still")):
        raki("recon", scan, "-o", tmp_path / folder, "--method", "zero-filled")
    spacing = {folder: {pydicom.dcmread(f).SpacingBetweenSlices for f in (tmp_path / folder).rglob("*.dcm")}
               for folder in ("moved", "still")}
    assert spacing["moved"] == spacing["still"] == {6}
    for scan in (echoes, phantom / "scan.h5"):
        assert json.loads(raki("info", scan, "--json").stdout)["geometry"]["spacing_mm"] == [6, 6]
