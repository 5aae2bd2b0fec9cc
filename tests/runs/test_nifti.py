"""NIfTI volumes: read by nibabel, their place checked against the header of the scan and against what dcm2niix makes of the
DICOM files of the same run."""

import itertools
import pathlib
import shutil
import subprocess
import sys

import nibabel
import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mrd_inputs as mrd  # noqa: E402

NX, NY, SLICES, DX, DY, GAP = 16, 12, 4, 2.0, 3.0, 7.0
CENTRE = np.array([5.0, -20.0, 40.0])
LPS_TO_RAS = np.diag([-1.0, -1, 1])


def orientations():
    """The 24 ways in which read, phase and slice direction lie along the axes of the body."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=2):
            read, phase = np.eye(3)[order[0]] * signs[0], np.eye(3)[order[1]] * signs[1]
            yield read, phase, np.cross(read, phase)


OBLIQUE = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]


def write_scan(path, directions, *, volumes=1, positions=None, seed=1):
    """Slices of random images, told in a disorder."""
    rng = np.random.default_rng(seed)
    positions = positions or [CENTRE + s * GAP * directions[2] for s in range(SLICES)]
    lines = []
    for volume in range(volumes):
        for s in rng.permutation(len(positions)):
            image = rng.random((2, NY, NX))
            kspace = mrd.centred_fft(image, [1, 2])
            for ky in range(NY):
                line = mrd.acquisition(kspace[:, ky], ky, slice=int(s), position=positions[s], directions=directions)
                line.idx.repetition = volume
                lines.append(line)
    mrd.write_stream(path, mrd.header((NX, NY, 1), encoded_fov=(NX * DX, NY * DY, 5)), lines)


def reconstruct(raki, scan, folder, storage="classic"):
    raki("recon", scan, "-o", folder, "--method", "zero-filled", "--output", "dicom,npy,nii", "--syntax", "explicit-le", "--dicom", storage)
    return np.load(folder / "image.npy")


def world(affine, voxel):
    return affine[:3, :3] @ voxel + affine[:3, 3]


@pytest.mark.parametrize("storage", ["classic", "enhanced"])
@pytest.mark.parametrize("directions", [*orientations(), OBLIQUE], ids=lambda d: "")
def test_voxels_lie_where_the_scan_and_dcm2niix_say(raki, tmp_path, directions, storage):
    directions = np.array(directions)
    if np.linalg.det(directions) < 0:
        directions[2] *= -1
    write_scan(tmp_path / "scan.mrd", directions)
    frames = reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out", storage)
    ours = nibabel.load(tmp_path / "out" / "image.nii.gz")
    data = ours.get_fdata()
    assert data.shape == (NX, NY, SLICES) and ours.header.get_xyzt_units() == ("mm", "sec")
    np.testing.assert_array_equal(data, np.moveaxis(frames[:, 0], (0, 1, 2), (2, 1, 0)))
    for voxel in itertools.product((0, NX - 1), (0, NY - 1), (0, SLICES - 1)):
        steps = (np.array(voxel) - [NX // 2, NY // 2, 0]) * [DX, DY, GAP]
        np.testing.assert_allclose(world(ours.affine, np.array(voxel)), LPS_TO_RAS @ (CENTRE + steps @ directions), atol=1e-3)
    np.testing.assert_allclose(ours.get_qform(), ours.get_sform(), atol=1e-3)
    assert ours.header["sform_code"] == ours.header["qform_code"] == 1
    compare_with_dcm2niix(tmp_path, ours)


def compare_with_dcm2niix(folder, ours):
    """Every voxel of theirs is one of ours, at the same place, with the same value (but for the integers of DICOM)."""
    if not shutil.which("dcm2niix"):
        pytest.skip("dcm2niix is not installed")
    subprocess.run(["dcm2niix", "-z", "n", "-f", "theirs", "-o", folder, folder / "out" / "series001"], check=True, capture_output=True)
    theirs = nibabel.load(folder / "theirs.nii")
    their_data, our_data = theirs.get_fdata(), ours.get_fdata()
    factor = 32767 / our_data.max()
    for voxel in np.ndindex(their_data.shape):
        place = np.linalg.inv(ours.affine) @ theirs.affine @ [*voxel, 1]
        index = np.round(place[:3]).astype(int)
        assert np.abs(place[:3] - index).max() < 0.01
        assert abs(their_data[voxel] - our_data[tuple(index)] * factor) <= 0.51


def test_repetitions_are_the_fourth_axis(raki, tmp_path):
    write_scan(tmp_path / "scan.mrd", np.eye(3), volumes=3)
    frames = reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out")
    data = nibabel.load(tmp_path / "out" / "image.nii.gz").get_fdata()
    assert data.shape == (NX, NY, SLICES, 3)
    np.testing.assert_array_equal(data, frames.reshape(3, SLICES, NY, NX).transpose(3, 2, 1, 0))


def test_a_slab_steps_along_its_partitions(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "slab.h5", "--slab", "--slices", 8, "--matrix-x", 48, "--matrix-y", 40, "--coils", 2, "--acceleration", 1)
    frames = reconstruct(raki, tmp_path / "slab.h5", tmp_path / "out")
    volume = nibabel.load(tmp_path / "out" / "image.nii.gz")
    assert frames.shape[:2] == (1, 8)
    np.testing.assert_array_equal(volume.get_fdata(), frames[0].transpose(2, 1, 0))
    compare_with_dcm2niix(tmp_path, volume)


def test_slices_that_are_no_volume_get_a_file_each(raki, tmp_path):
    uneven = [CENTRE + z * np.array([0, 0, 1.0]) for z in (0, 5, 20)]
    write_scan(tmp_path / "scan.mrd", np.eye(3), positions=uneven)
    frames = reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out")
    for number, position in enumerate(uneven, 1):
        image = nibabel.load(tmp_path / "out" / f"image{number:04}.nii.gz")
        np.testing.assert_array_equal(image.get_fdata()[:, :, 0], frames[number - 1, 0].T)
        np.testing.assert_allclose(world(image.affine, [NX // 2, NY // 2, 0]), LPS_TO_RAS @ position, atol=1e-3)


def test_the_same_job_gives_the_same_bytes_and_arrays_have_no_scanner_coordinates(raki, tmp_path):
    np.save(tmp_path / "k.npy", np.random.default_rng(2).standard_normal((2, NY, NX)).astype(np.complex64))
    for name in "ab":
        raki("recon", tmp_path / "k.npy", "-o", tmp_path / name, "--axes", "coil,ky,kx", "--output", "nii")
    assert (tmp_path / "a" / "image.nii.gz").read_bytes() == (tmp_path / "b" / "image.nii.gz").read_bytes()
    assert nibabel.load(tmp_path / "a" / "image.nii.gz").header["sform_code"] == 2
    assert "dicom, npy, png, nii, mrd or cfl" in raki("recon", tmp_path / "k.npy", "-o", tmp_path / "c", "--output", "nifti", code=64).stderr
