"""Images in the formats of other people's software, read by it: ISMRMRD by the `ismrmrd` package and h5py, BART's arrays by
BART, the preview by Pillow. NIfTI: test_nifti.py."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

import h5py
import ismrmrd
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mrd_inputs as mrd  # noqa: E402

NX, NY, SLICES, DX, DY, THICKNESS = 16, 12, 3, 2.0, 3.0, 5.0
CENTRE = np.array([5.0, -20.0, 40.0])
TABLE = [0.0, 0.0, -1250.0]
OBLIQUE = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]
OBLIQUE[2] *= np.linalg.det(OBLIQUE)
PHANTOM = ["--matrix-x", 48, "--matrix-y", 40, "--coils", 4, "--acs", 16, "-R", 2]


def write_scan(path, *, repetitions=2, seed=1):
    """Slices of random images, told in a disorder."""
    rng = np.random.default_rng(seed)
    lines = []
    for repetition in range(repetitions):
        for s in rng.permutation(SLICES):
            kspace = mrd.centred_fft(rng.random((2, NY, NX)), [1, 2])
            for ky in range(NY):
                line = mrd.acquisition(kspace[:, ky], ky, slice=int(s), position=CENTRE + s * 7 * OBLIQUE[2], directions=OBLIQUE)
                line.idx.repetition, line.acquisition_time_stamp = repetition, 1000 + 10 * repetition + int(s)
                line.patient_table_position[:] = TABLE
                lines.append(line)
    mrd.write_stream(path, mrd.header((NX, NY, 1), encoded_fov=(NX * DX, NY * DY, THICKNESS)), lines)


def reconstruct(raki, scan, folder, *options, output="npy,mrd,cfl,png", method="zero-filled"):
    raki("recon", scan, "-o", folder, "--method", method, "--output", output, *options)
    return np.load(folder / "image.npy") if "npy" in output else None


def images_of(path, variable="image_0"):
    with ismrmrd.Dataset(path, "dataset", mode="r") as file:
        return [file.read_image(variable, i) for i in range(file.number_of_images(variable))]


def attributes(image):
    return ismrmrd.Meta.deserialize(image.attribute_string)


def test_ismrmrd_images_say_what_and_where_they_are(raki, tmp_path):
    write_scan(tmp_path / "scan.mrd")
    frames = reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out")
    images = images_of(tmp_path / "out" / "image.h5")
    assert len(images) == len(frames) == 2 * SLICES
    for i, image in enumerate(images):
        head = image.getHead()
        np.testing.assert_array_equal(image.data, frames[i][None])  # (channel, z, y, x)
        assert head.data_type == ismrmrd.DATATYPE_FLOAT and head.image_type == ismrmrd.IMTYPE_MAGNITUDE
        assert tuple(head.matrix_size) == (NX, NY, 1) and head.channels == 1
        assert tuple(head.field_of_view) == (NX * DX, NY * DY, THICKNESS)
        np.testing.assert_allclose(head.position, CENTRE + head.slice * 7 * OBLIQUE[2], atol=1e-4)
        for found, expected in zip((head.read_dir, head.phase_dir, head.slice_dir), OBLIQUE):
            np.testing.assert_allclose(found, expected, atol=1e-6)
        assert list(head.patient_table_position) == TABLE
        assert head.acquisition_time_stamp == 1000 + 10 * head.repetition + head.slice
        assert (head.image_index, head.image_series_index) == (i + 1, 0)
        meta = attributes(image)
        assert meta["DataRole"] == "Image" and "not for diagnostic use" in meta["ImageComments"]
        assert "UNKNOWN" not in meta["ImageComments"]
        np.testing.assert_allclose([float(v) for v in meta["ImageColumnDir"]], OBLIQUE[1], atol=1e-6)
    assert {(h.slice, h.repetition) for h in (i.getHead() for i in images)} == {(s, r) for s in range(SLICES) for r in range(2)}


def test_no_time_of_day_without_the_person(raki, tmp_path):
    write_scan(tmp_path / "scan.mrd", repetitions=1)
    reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out", "--deidentify", output="mrd")
    assert all(image.acquisition_time_stamp == 0 for image in images_of(tmp_path / "out" / "image.h5"))


def test_ismrmrd_places_agree_with_dicom(raki, tmp_path):
    """By the formula of Gadgetron's DICOM writer: the first voxel is half a field of view from the position."""
    pydicom = pytest.importorskip("pydicom")
    write_scan(tmp_path / "scan.mrd", repetitions=1)
    reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out", "--syntax", "explicit-le", output="dicom,mrd")
    for i, image in enumerate(images_of(tmp_path / "out" / "image.h5"), 1):
        head, dicom = image.getHead(), pydicom.dcmread(tmp_path / "out" / "series001" / f"image{i:04}.dcm")
        fov, read, phase = np.array(head.field_of_view), np.array(head.read_dir), np.array(head.phase_dir)
        first = np.array(head.position) - fov[0] / 2 * read - fov[1] / 2 * phase
        np.testing.assert_allclose(first, dicom.ImagePositionPatient, atol=1e-3)


def test_maps_are_further_series_and_a_slab_is_a_volume(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "slab.h5", "--slab", "--slices", 6, *PHANTOM)
    reconstruct(raki, tmp_path / "slab.h5", tmp_path / "out", "--noise-map", method="linear")
    arrays = {p.stem: np.load(p) for p in (tmp_path / "out").glob("*.npy")}
    with h5py.File(tmp_path / "out" / "image.h5") as file:
        assert set(file["dataset"]) == {f"image_{i}" for i in range(len(arrays))}
    found = {}
    for number in range(len(arrays)):
        image, = images_of(tmp_path / "out" / "image.h5", f"image_{number}")
        assert image.image_series_index == number and tuple(image.getHead().matrix_size) == (48, 40, 6)
        meta = attributes(image)
        assert meta["DataRole"] == ("Quantitative" if number else "Image")
        found[meta["SeriesDescriptionAdditional"][1]] = image.data
    assert found.keys() == arrays.keys() == {"image", "noise", "g_factor", "snr"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def test_arrays_have_no_place_and_say_so(raki, tmp_path):
    np.save(tmp_path / "k.npy", np.random.default_rng(2).standard_normal((2, NY, NX)).astype(np.complex64))
    reconstruct(raki, tmp_path / "k.npy", tmp_path / "out", "--axes", "coil,ky,kx", output="mrd")
    image, = images_of(tmp_path / "out" / "image.h5")
    assert "GEOMETRY UNKNOWN" in attributes(image)["ImageComments"] and image.acquisition_time_stamp == 0


def test_bart_reads_its_arrays(raki, tmp_path):
    if not shutil.which("bart"):
        pytest.skip("bart (Debian package bart) is not installed")
    write_scan(tmp_path / "scan.mrd")
    frames = reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out")
    bart = lambda *words: subprocess.run(["bart", *map(str, words)], cwd=tmp_path / "out", check=True, capture_output=True, text=True).stdout
    size = [int(bart("show", "-d", axis, "image")) for axis in range(16)]
    assert size == [NX, NY, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, SLICES, 1, 1]
    bart("slice", 10, 1, 13, 2, "image", "one")
    one = np.array([complex(word.replace("i", "j")) for word in bart("show", "one").split()]).reshape(NY, NX)
    images = images_of(tmp_path / "out" / "image.h5")
    at, = [i for i, image in enumerate(images) if (image.repetition, image.slice) == (1, 2)]
    np.testing.assert_allclose(one, frames[at, 0], rtol=1e-5)
    assert not one.imag.any()


def test_maps_go_into_arrays_of_their_own(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "scan.h5", "--slices", 2, *PHANTOM)
    reconstruct(raki, tmp_path / "scan.h5", tmp_path / "out", "--noise-map", method="linear")
    for array in (tmp_path / "out").glob("*.npy"):
        header = array.with_suffix(".hdr").read_text().split("\n")
        assert header[:2] == ["# Dimensions", "48 40 1 1 1 1 1 1 1 1 1 1 1 2 1 1"]
        values = np.fromfile(array.with_suffix(".cfl"), np.complex64).reshape(48, 40, 2, order="F")
        np.testing.assert_array_equal(values, np.load(array)[:, 0].transpose(2, 1, 0))


def test_both_parts_make_a_complex_array(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "scan.h5", "--slices", 2, *PHANTOM)
    reconstruct(raki, tmp_path / "scan.h5", tmp_path / "out", "--parts", "phase,real,imaginary", method="linear")
    real, imaginary = (np.load(tmp_path / "out" / f"{part}.npy") for part in ("real", "imaginary"))
    values = np.fromfile(tmp_path / "out" / "image.cfl", np.complex64).reshape(2, 1, 40, 48)
    np.testing.assert_array_equal(values, real + 1j * imaginary)
    kinds = {}
    for number in range(4):
        for image in images_of(tmp_path / "out" / "image.h5", f"image_{number}"):
            kinds[attributes(image)["SeriesDescriptionAdditional"][1]] = (image.image_type, attributes(image)["DataRole"])
    assert kinds == {"image": (1, "Image"), "phase": (2, "Image"), "real": (3, "Image"), "imaginary": (4, "Image")}


def test_the_same_job_gives_the_same_bytes_and_the_report_lists_every_file(raki, tmp_path):
    raki("phantom", "-o", tmp_path / "scan.h5", "--slices", 2, *PHANTOM)
    for name in "ab":
        reconstruct(raki, tmp_path / "scan.h5", tmp_path / name, "--noise-map", method="linear")
    report = json.loads((tmp_path / "a" / "recon.json").read_text())
    told = {f["path"]: (f["bytes"], f["sha256"]) for f in report["files"]}
    files = [p for p in (tmp_path / "a").iterdir() if p.name != "recon.json"]
    assert told == {p.name: (p.stat().st_size, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files}
    assert {"image.h5", "image.cfl", "image.hdr", "snr.cfl", "preview.png"} < told.keys()
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_the_preview_has_square_millimetres(raki, tmp_path):
    write_scan(tmp_path / "scan.mrd")
    frames = reconstruct(raki, tmp_path / "scan.mrd", tmp_path / "out")
    picture = np.array(Image.open(tmp_path / "out" / "preview.png"))
    assert picture.shape == (2 * NY * DY / DX, 3 * NX)  # six frames of 32 x 36 mm: three columns
    white = np.sort(frames.ravel())[int(0.995 * (frames.size - 1))]
    for i, frame in enumerate(frames[:, 0]):
        cell = picture[i // 3 * 18:][:18, i % 3 * NX:][:, :NX]
        places = np.clip((np.arange(18) + 0.5) * DX / DY - 0.5, 0, NY - 1)
        rows = np.stack([np.interp(places, np.arange(NY), column) for column in frame.T], 1)
        assert np.abs(cell - 255 * np.clip(rows / white, 0, 1)).max() < 0.51
