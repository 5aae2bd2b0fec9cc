"""Inputs of every format through the whole program: files, pipes; noise from elsewhere; the place of a landmark."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pydicom
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mrd_inputs as mrd  # noqa: E402
from run_results import decision, image, nrmse  # noqa: E402


@pytest.fixture(scope="module")
def stream(phantom):
    mrd.stream_of_file(phantom / "scan.h5", phantom / "scan.mrd")
    return phantom / "scan.mrd"


def test_a_stream_gives_the_same_image_from_file_standard_input_and_pipe(raki, phantom, stream, tmp_path):
    truth = image(raki, phantom / "scan.h5", tmp_path / "hdf5", "--method", "grappa")
    assert (image(raki, stream, tmp_path / "stream", "--method", "grappa") == truth).all()
    with open(stream, "rb") as file:
        subprocess.run([raki.path, "recon", "-", "-o", tmp_path / "stdin", "--output", "npy", "--method", "grappa"],
                       stdin=file, check=True, capture_output=True)
    assert (np.load(tmp_path / "stdin" / "image.npy") == truth).all()
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(stream.read_bytes()))
    writer.start()
    assert (image(raki, tmp_path / "pipe", tmp_path / "fifo", "--method", "grappa") == truth).all()
    writer.join()


def test_hdf5_on_standard_input_is_read_too(raki, phantom):
    with open(phantom / "scan.h5", "rb") as file:
        done = subprocess.run([raki.path, "info", "-"], stdin=file, capture_output=True, text=True)
    assert done.returncode == 0 and "ISMRMRD HDF5" in done.stdout


@pytest.mark.parametrize("kind", ["stdin", "pipe"])
def test_waiting_for_a_pipe_can_be_interrupted(raki, tmp_path, kind):
    os.mkfifo(tmp_path / "pipe")
    source = "-" if kind == "stdin" else tmp_path / "pipe"
    waiting = subprocess.Popen([raki.path, "info", source], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(10) == 75 and "Interrupted" in waiting.stderr.read()


def test_a_stream_that_breaks_off_is_an_error(raki, stream, tmp_path):
    (tmp_path / "cut.mrd").write_bytes(stream.read_bytes()[:100000])
    error = raki("recon", tmp_path / "cut.mrd", "-o", tmp_path / "out", code=65).stderr
    assert "cut off" in error and not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def fastmri(brain):
    """Three slices with twofold readout oversampling and zero padding along the phase encoding, and their header."""
    wide = np.pad(mrd.centred_ifft(brain, [2]), ((0, 0), (0, 0), (115, 115)))
    k = mrd.centred_fft(wide, [2]).transpose(0, 2, 1)  # (coil, readout 460, phase encode 180)
    k = np.pad(k, ((0, 0), (0, 0), (10, 10)))
    xml = mrd.header((460, 200, 1), (230, 180, 1), encoded_fov=(460, 200, 5), recon_fov=(230, 180, 5), limits_ky=(0, 179, 90))
    return np.stack([k, 0.5 * k, 2 * k]).astype(np.complex64), xml


def test_fastmri_train_files_give_the_rss_of_their_kspace(raki, fastmri, tmp_path):
    kspace, xml = fastmri
    mrd.write_fastmri(tmp_path / "train.h5", kspace, xml)
    found = image(raki, tmp_path / "train.h5", tmp_path / "out", "--method", "zero-filled", "--combine", "rss")
    rss = np.sqrt((np.abs(mrd.centred_ifft(kspace, [2, 3])) ** 2).sum(1))[:, 115:345, 10:190]
    assert found.shape == (3, 1, 180, 230)
    assert nrmse(found[:, 0].transpose(0, 2, 1), rss) < 1e-5
    assert "padding" in raki("info", tmp_path / "train.h5").stdout


def test_fastmri_test_files_are_filled_where_the_mask_says(raki, fastmri, tmp_path):
    kspace, xml = fastmri
    mask = np.zeros(200, bool)
    mask[np.round(np.arange(0, 199, 10 / 3)).astype(int)] = True  # equispaced, not by a whole number of lines
    mask[92:108] = True
    mrd.write_fastmri(tmp_path / "train.h5", kspace[:1], xml)
    mrd.write_fastmri(tmp_path / "test.h5", np.where(mask, kspace, 0)[:1], xml, mask)
    truth = image(raki, tmp_path / "train.h5", tmp_path / "truth", "--method", "zero-filled")
    linear = image(raki, tmp_path / "test.h5", tmp_path / "linear", "--method", "linear")
    empty = image(raki, tmp_path / "test.h5", tmp_path / "zero", "--method", "zero-filled")
    assert nrmse(linear, truth) < 0.5 * nrmse(empty, truth)
    sampling = json.loads(raki("info", tmp_path / "test.h5", "--json").stdout)["samplings"][0]
    assert sampling["encoded_ky"] == [10, 190]  # the header's, whatever lines the mask happens to begin and end with
    assert "--duplicates" in raki("info", tmp_path / "test.h5", "--duplicates", "last", code=64).stderr
    dicom = pydicom.dcmread(next((dicom_of(raki, tmp_path / "test.h5", tmp_path / "dicom")).glob("*.dcm")))
    assert "GEOMETRY UNKNOWN" in dicom.ImageComments


def dicom_of(raki, source, folder, *options):
    raki("recon", source, "-o", folder, "--method", "zero-filled", "--output", "dicom", "--syntax", "explicit-le", *options)
    return folder / "series001"


def test_fastmri_lines_without_mask_are_asked_about(raki, fastmri, tmp_path):
    kspace, xml = fastmri
    thinned = kspace[:1].copy()
    thinned[..., 11::2] = 0
    mrd.write_fastmri(tmp_path / "scan.h5", thinned, xml)
    assert "--infer-mask" in raki("info", tmp_path / "scan.h5", code=65).stderr
    assert "R = 2" in raki("info", tmp_path / "scan.h5", "--infer-mask").stdout
    np.save(tmp_path / "mask.npy", (np.arange(200) % 2 == 0).astype(np.float32))
    assert "R = 2" in raki("info", tmp_path / "scan.h5", "--mask", tmp_path / "mask.npy").stdout
    np.save(tmp_path / "short.npy", np.ones(199, np.float32))
    assert "199" in raki("info", tmp_path / "scan.h5", "--mask", tmp_path / "short.npy", code=64).stderr


def test_coils_keep_their_numbers_when_others_are_left_out(raki, phantom, tmp_path):
    both = [json.loads(raki("info", phantom / "scan.h5", "--json", *options).stdout)["noise"]
            for options in ([], ["--leave-out-coils", "0"])]
    assert both[0]["noisiest_coil"] == both[1]["noisiest_coil"] > 0
    assert "found 99," in raki("info", phantom / "scan.h5", "--leave-out-coils", "99", code=64).stderr


def test_a_readout_shorter_than_the_headers_matrix_keeps_the_field_of_view(raki, tmp_path):
    """176 of 256 samples about the echo; the field of view says that they are oversampled twice all the same."""
    rng = np.random.default_rng(4)
    readouts = [mrd.acquisition(rng.standard_normal((2, 176)) + 0j, ky) for ky in range(32)]
    xml = mrd.header((256, 32, 1), (128, 32, 1), encoded_fov=(480, 240, 5), recon_fov=(240, 240, 5))
    mrd.write_stream(tmp_path / "short.mrd", xml, readouts)
    facts = json.loads(raki("info", tmp_path / "short.mrd", "--json").stdout)
    assert facts["image_matrix"][0] == 88 and facts["image_fov_mm"][0] == 240 and facts["readout_oversampling"] == 2


def test_what_comes_after_the_end_of_a_stream_is_told(raki, stream, tmp_path):
    (tmp_path / "two.mrd").write_bytes(2 * stream.read_bytes())
    after, _ = decision(raki, "after the end message", tmp_path / "two.mrd")
    assert after["contradiction"] and after["value"] == f"{stream.stat().st_size} bytes"
    assert "--dataset" in raki("info", stream, "--dataset", "x", code=64).stderr


def test_lines_that_are_not_used_are_logged(raki, tmp_path):
    rng = np.random.default_rng(5)
    readouts = [mrd.acquisition(rng.standard_normal((2 if ky % 8 else 3, 32)) + 0j, ky) for ky in range(32)]
    mrd.write_stream(tmp_path / "mixed.mrd", mrd.header((32, 32, 1)), readouts)
    assert "4 lines not used" in raki("recon", tmp_path / "mixed.mrd", "-o", tmp_path / "b", "-m", "zero-filled").stderr


def test_a_limit_on_the_size_of_files_is_an_error_with_a_text(raki, stream):
    limited = subprocess.run(["bash", "-c", f"ulimit -f 100; cat '{stream}' | '{raki.path}' info -"], capture_output=True, text=True)
    assert limited.returncode == 74 and "temporary file" in limited.stderr


def noisy_scan(rng, labels):
    coils = len(labels)
    mixing = rng.standard_normal((coils, coils)) + 1j * rng.standard_normal((coils, coils))
    white = lambda n: (rng.standard_normal((coils, n)) + 1j * rng.standard_normal((coils, n))) / np.sqrt(2)
    noise = mixing @ white(2048)
    x, y = np.meshgrid(np.linspace(-1, 1, 64), np.linspace(-1, 1, 64))
    disc = (x**2 + y**2 < 0.5).astype(float)
    fields = np.stack([np.exp(-((x - np.cos(a)) ** 2 + (y - np.sin(a)) ** 2)) for a in np.arange(coils) * 2 * np.pi / coils])
    kspace = mrd.centred_fft(disc * fields * 50, [1, 2]) + (mixing @ white(64 * 64)).reshape(coils, 64, 64)
    lines = [mrd.acquisition(kspace[:, ky], ky) for ky in range(64)]
    return lines, noise


def test_noise_from_a_second_file_is_matched_by_coil_labels(raki, tmp_path):
    labels = ["A1", "A2", "B1", "B2", "C1"]
    lines, noise = noisy_scan(np.random.default_rng(1), labels)
    xml = lambda names: mrd.header((64, 64, 1), labels=names)
    order = [3, 0, 4, 1, 2]
    mrd.write_stream(tmp_path / "whole.mrd", xml(labels), [mrd.noise_readout(noise), *lines])
    mrd.write_stream(tmp_path / "scan.mrd", xml(labels), lines)
    mrd.write_stream(tmp_path / "noise.mrd", xml([labels[i] for i in order]), [mrd.noise_readout(noise[order])])
    mrd.write_stream(tmp_path / "strange.mrd", xml(["X1", "X2", "X3", "X4", "X5"]), [mrd.noise_readout(noise)])
    own = image(raki, tmp_path / "whole.mrd", tmp_path / "own")
    other = image(raki, tmp_path / "scan.mrd", tmp_path / "other", "--noise", tmp_path / "noise.mrd")
    none = image(raki, tmp_path / "scan.mrd", tmp_path / "none")
    assert (other == own).all() and nrmse(none, own) > 1e-3
    assert "by label" in raki("info", tmp_path / "scan.mrd", "--noise", tmp_path / "noise.mrd").stdout
    assert "other labels" in raki("info", tmp_path / "scan.mrd", "--noise", tmp_path / "strange.mrd", code=65).stderr
    assert "no noise readouts" in raki("info", tmp_path / "scan.mrd", "--noise", tmp_path / "scan.mrd", code=65).stderr
    raki("info", tmp_path / "scan.mrd", "--noise", tmp_path / "missing.mrd", code=66)


def test_a_dead_coil_is_named_and_can_be_left_out(raki, tmp_path):
    lines, noise = noisy_scan(np.random.default_rng(3), ["A", "B", "C", "D"])
    alive, dead = np.array([1, 1, 0, 1]), np.array([1, 1, 0, 1])[:, None]
    mrd.write_stream(tmp_path / "scan.mrd", mrd.header((64, 64, 1)),
                     [mrd.noise_readout(noise * dead), *(mrd.acquisition(l.data * dead, i) for i, l in enumerate(lines))])
    without = [mrd.noise_readout(noise[alive == 1]), *(mrd.acquisition(l.data[alive == 1], i) for i, l in enumerate(lines))]
    mrd.write_stream(tmp_path / "three.mrd", mrd.header((64, 64, 1)), without)
    error = raki("recon", tmp_path / "scan.mrd", "-o", tmp_path / "no", code=65).stderr
    assert "coil 2 has no power" in error and "--leave-out-coils" in error
    left_out = image(raki, tmp_path / "scan.mrd", tmp_path / "out", "--leave-out-coils", "2")
    assert (left_out == image(raki, tmp_path / "three.mrd", tmp_path / "three")).all()
    raki("info", tmp_path / "scan.mrd", "--leave-out-coils", "4", code=64)


def test_a_noise_scan_that_is_too_short_is_an_error(raki, tmp_path):
    lines, noise = noisy_scan(np.random.default_rng(4), ["A", "B", "C", "D"])
    mrd.write_stream(tmp_path / "scan.mrd", mrd.header((64, 64, 1)), [mrd.noise_readout(noise[:, :7]), *lines])
    assert "7 samples" in raki("recon", tmp_path / "scan.mrd", "-o", tmp_path / "no", code=65).stderr
    image(raki, tmp_path / "scan.mrd", tmp_path / "out", "--no-prewhiten")


def landmark_scan(vendor, sign):
    """A point 20 mm along the read, -12 mm along the phase direction from the centre of an oblique slice at `position`.
    `sign` -1: the exponent of a signal whose image a forward transform makes."""
    n, voxel = 64, 4.0
    angle = np.deg2rad(20)
    read, phase = np.array([np.cos(angle), np.sin(angle), 0]), np.array([-np.sin(angle), np.cos(angle), 0])
    position = np.array([10.0, -30.0, 50.0])
    kx, ky = np.meshgrid(np.arange(n) - n // 2, np.arange(n) - n // 2)
    kspace = np.exp(-sign * 2j * np.pi * (kx * 20 + ky * -12) / (n * voxel))
    lines = [mrd.acquisition(np.stack([kspace[i], 0.5j * kspace[i]]), i, position=position,
                             directions=(read, phase, np.cross(read, phase))) for i in range(n)]
    xml = mrd.header((n, n, 1), encoded_fov=(n * voxel, n * voxel, 5), vendor=vendor)
    return xml, lines, position + 20 * read - 12 * phase


@pytest.mark.parametrize("vendor, sign", [("SIEMENS", -1), ("GE MEDICAL SYSTEMS", 1), ("", 1)])
def test_a_landmark_lies_where_the_directions_say(raki, tmp_path, vendor, sign):
    xml, lines, landmark = landmark_scan(vendor, sign)
    mrd.write_stream(tmp_path / "scan.mrd", xml, lines)
    dicom = pydicom.dcmread(next(dicom_of(raki, tmp_path / "scan.mrd", tmp_path / "out").glob("*.dcm")))
    row, column = np.unravel_index(dicom.pixel_array.argmax(), dicom.pixel_array.shape)
    along_row, along_column = np.array(dicom.ImageOrientationPatient).reshape(2, 3)
    found = (np.array(dicom.ImagePositionPatient) + along_row * column * dicom.PixelSpacing[1]
             + along_column * row * dicom.PixelSpacing[0])
    assert np.abs(found - landmark).max() < 1e-3


def test_a_line_measured_twice_follows_the_policy(raki, tmp_path):
    lines, _ = noisy_scan(np.random.default_rng(2), ["A", "B"])
    wrong = lines[20]
    right = mrd.acquisition(wrong.data + 100, 20)
    mrd.write_stream(tmp_path / "once.mrd", mrd.header((64, 64, 1)), [*lines[:20], right, *lines[21:]])
    mrd.write_stream(tmp_path / "twice.mrd", mrd.header((64, 64, 1)), [*lines, right])
    once = image(raki, tmp_path / "once.mrd", tmp_path / "once")
    assert (image(raki, tmp_path / "twice.mrd", tmp_path / "last", "--duplicates", "last") == once).all()
    assert (image(raki, tmp_path / "twice.mrd", tmp_path / "mean") != once).any()
    assert "line 20" in raki("info", tmp_path / "twice.mrd", "--duplicates", "error", code=65).stderr
    raki("info", tmp_path / "twice.mrd", "--duplicates", "first", code=64)


@pytest.mark.parametrize("name, start, words", [
    ("scan.dat", b"\0\0\0\0\1\0\0\0" + bytes(8) + (10240).to_bytes(8, "little") + bytes(20000), "siemens_to_ismrmrd"),
    ("old.dat", (5000).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"Config\0" + bytes(9000), "siemens_to_ismrmrd"),
    ("P12345.7", np.float32(27.0).tobytes() + bytes(2000), "ge_to_ismrmrd"),
    ("scan.lab", b"\x01\x02" + bytes(1000), "philips_to_ismrmrd"),
    ("scan.list", b"# === DATA DESCRIPTION FILE ===\n" + b"#\n" * 100, "philips_to_ismrmrd"),
    ("acqp", b"##TITLE=Parameter List, ParaVision\n", "bruker_to_ismrmrd"),
    ("scan.mrd2", b"yardl" + bytes(100), "mrd_to_ismrmrd"),
    ("lines.json", b'{"yardl":{"version":1}}\n', "mrd_to_ismrmrd"),
    ("image.dcm", bytes(128) + b"DICM" + bytes(100), "hold no raw data"),
    ("image.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "hold no raw data"),
    ("image.nii", (348).to_bytes(4, "little") + bytes(400), "hold no raw data"),
    ("scan.h5.gz", b"\x1f\x8b\x08" + bytes(100), "gunzip"),
    ("scan", b"\x93NUMPY\1\0" + bytes(100), "ends in .npy"),
    ("scan.h5", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull")])
def test_strangers_are_named_with_what_to_do(raki, tmp_path, name, start, words):
    (tmp_path / name).write_bytes(start)
    assert words in raki("info", tmp_path / name, code=65).stderr


def test_what_is_cut_or_lacks_its_other_half_is_told_so(raki, stream, tmp_path):
    messages = stream.read_bytes()
    (tmp_path / "cut.mrd").write_bytes(messages[: messages.index(b"</ismrmrdHeader>")])
    assert "stream" in raki("info", tmp_path / "cut.mrd", code=65).stderr
    np.savez(tmp_path / "whole.npz", k=np.ones((2, 8, 8)))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:-30])
    error = raki("info", tmp_path / "cut.npz", "--axes", "coil,ky,kx", code=65).stderr
    assert "found zip: " in error and "complete" in error
    np.ones(64, np.complex64).tofile(tmp_path / "alone.cfl")
    assert "alone.hdr" in raki("info", tmp_path / "alone.cfl", "--axes", "coil,ky,kx", code=66).stderr
    assert "No input file is named" in raki("info", "", code=66).stderr
    assert ".png" in raki("info", stream, "--plot", tmp_path / "mask.jpg", code=64).stderr
