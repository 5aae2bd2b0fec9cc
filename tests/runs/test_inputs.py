"""Inputs of every format through the whole program: files, pipes, arrays; noise from elsewhere; the place of a landmark."""

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
import scipy.io

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mrd_inputs as mrd  # noqa: E402


def image(raki, source, folder, *options):
    raki("recon", source, "-o", folder, "--output", "npy", *options)
    return np.load(folder / "image.npy")


def nrmse(found, truth):
    scale = (found * truth).sum() / (found * found).sum()
    return np.linalg.norm(scale * found - truth) / np.linalg.norm(truth)


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
def brain(data):
    """(coil, y, x) k-space of a fully sampled slice."""
    sizes = [int(n) for n in (data / "brain8_full_230x180/full.hdr").read_text().split("\n")[1].split()]
    k = np.fromfile(data / "brain8_full_230x180/full.cfl", np.complex64).reshape(sizes, order="F").squeeze()
    return np.ascontiguousarray(k.transpose(2, 1, 0)) * 1e4  # (coil, 180, 230)


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


def test_arrays_of_every_kind_give_one_image(raki, brain, tmp_path):
    import scipy.io

    mask = np.zeros(180, bool)
    mask[::3] = mask[80:100] = True
    thinned = np.where(mask[None, :, None], brain, -0.0).astype(np.complex64)
    np.save(tmp_path / "scan.npy", thinned)
    np.save(tmp_path / "mask.npy", mask)
    np.savez(tmp_path / "scan.npz", kspace=thinned)
    np.savez_compressed(tmp_path / "two.npz", kspace=thinned, mask=mask)
    scipy.io.savemat(tmp_path / "scan.mat", {"kspace": thinned, "note": 1.0})
    thinned.ravel(order="F").tofile(tmp_path / "scan.cfl")
    (tmp_path / "scan.hdr").write_text("# Dimensions\n" + " ".join(map(str, thinned.shape)) + "\n")
    axes = ["--axes", "coil,ky,kx", "--method", "grappa"]
    one = image(raki, tmp_path / "scan.npy", tmp_path / "npy", *axes, "--mask", tmp_path / "mask.npy")
    for name, options in [("scan.npy", ["--infer-mask"]), ("scan.npz", ["--infer-mask"]),
                          ("two.npz", ["--infer-mask", "--variable", "kspace"]), ("scan.mat", ["--infer-mask", "--variable", "kspace"]),
                          ("scan.cfl", ["--mask", tmp_path / "mask.npy"]), ("scan.hdr", ["--infer-mask"])]:
        other = image(raki, tmp_path / name, tmp_path / f"{name}-{len(options)}", *axes, *options)
        assert (other == one).all(), name
    assert "kspace, mask" in raki("info", tmp_path / "two.npz", "--axes", "coil,ky,kx", code=65).stderr
    (tmp_path / "cut.npz").write_bytes((tmp_path / "two.npz").read_bytes()[:-100])
    assert "damaged" in raki("info", tmp_path / "cut.npz", "--axes", "coil,ky,kx", code=65).stderr
    assert "axes" in raki("recon", tmp_path / "scan.npy", "-o", tmp_path / "no", code=64).stderr
    assert "--infer-mask" in raki("info", tmp_path / "scan.npy", "--axes", "coil,ky,kx", code=65).stderr


AXES = ["--axes", "coil,ky,kx"]


def array(path, rng, ky=24, kx=32):
    k = (rng.standard_normal((4, ky, kx)) + 1j * rng.standard_normal((4, ky, kx))).astype(np.complex64)
    np.save(path, k)
    return k


def decision(raki, subject, *arguments):
    facts = json.loads(raki("info", *arguments, "--json").stdout)
    return next((d for d in facts["decisions"] if d["subject"] == subject), None), facts


def test_zeros_of_an_array_are_read_for_what_they_are(raki, tmp_path):
    k = array(tmp_path / "full.npy", np.random.default_rng(3))
    thin = k.copy()
    thin[:, 1::2] = 0
    thin[:, 1::2, 12:20] = k[:, 1::2, 12:20]  # with the lines between them a gapless box
    np.save(tmp_path / "thin.npy", thin)
    mask, facts = decision(raki, "mask", tmp_path / "thin.npy", *AXES, "--infer-mask")
    assert not mask["contradiction"] and "12 lines of less than half a readout: reference lines" in mask["detail"]
    assert facts["samplings"][0]["measured"] == 12
    thin[:, 1::2] = 0
    for line in range(1, 24, 2):  # each has other samples: no box
        thin[:, line, line : line + 5] = k[:, line, line : line + 5]
    np.save(tmp_path / "scattered.npy", thin)
    mask, _ = decision(raki, "mask", tmp_path / "scattered.npy", *AXES, "--infer-mask")
    assert mask["contradiction"] and "12 lines of less than half a readout: not used" in mask["detail"]
    np.save(tmp_path / "mask.npy", np.ones(24))
    empty = k.copy()
    empty[:, 5:8] = 0
    np.save(tmp_path / "empty.npy", empty)
    mask, _ = decision(raki, "mask", tmp_path / "empty.npy", *AXES, "--mask", tmp_path / "mask.npy")
    assert mask["contradiction"] and "3 lines named as measured, but zero in all coils" in mask["detail"]
    early = k.copy()
    early[:, :, :9] = 0
    np.save(tmp_path / "early.npy", early)
    samples, facts = decision(raki, "kx samples", tmp_path / "early.npy", *AXES)
    assert samples["value"] == "9-31 of 32" and facts["samplings"][0]["partial_fourier"]["kx"]["missing"] == "start"
    gaps = k.copy()
    gaps[:, :, 1::2] = 0
    np.save(tmp_path / "gaps.npy", gaps)
    assert "The readout has gaps" in raki("info", tmp_path / "gaps.npy", *AXES, "--infer-mask", code=65).stderr


def test_a_small_box_of_reference_samples_is_calibrated_on(raki, data, tmp_path):
    """R = 2 and a box of 24 x 24 samples, as BART and ESPIRiT write them; the object is larger than the field of view."""
    folder = data / "brain8_smallfov_320x168"
    full = scipy.io.loadmat(folder / "brain_alias_8ch.mat")
    truth_kspace = next(v for k, v in full.items() if not k.startswith("_")).squeeze()[:, 44:212]
    np.save(tmp_path / "full.npy", truth_kspace.astype(np.complex64))
    truth = image(raki, tmp_path / "full.npy", tmp_path / "truth", "--axes", "kx,ky,coil", "--method", "zero-filled")
    options = ["--axes", "1,kx,ky,coil", "--method", "linear"]
    boxed = image(raki, folder / "smallfov.cfl", tmp_path / "boxed", *options, "--infer-mask")
    assert nrmse(boxed, truth) < 0.06  # without the box there is nothing to learn from: .50
    samples = np.fromfile(folder / "smallfov.cfl", np.complex64).reshape(8, 168, 320)
    np.save(tmp_path / "samples.npy", (samples != 0).any(0).T)
    named = image(raki, folder / "smallfov.cfl", tmp_path / "named", *options, "--mask", tmp_path / "samples.npy")
    assert (named == boxed).all()


def test_masks_may_differ_from_frame_to_frame(raki, tmp_path):
    rng = np.random.default_rng(6)
    k = (rng.standard_normal((3, 4, 24, 32)) + 1j * rng.standard_normal((3, 4, 24, 32))).astype(np.complex64)
    mask = np.zeros((3, 24))
    for frame in range(3):
        mask[frame, frame::3] = 1
    np.save(tmp_path / "k.npy", k)
    np.save(tmp_path / "zeroed.npy", k * mask[:, None, :, None])
    scipy.io.savemat(tmp_path / "masks.mat", {"mask": mask, "other": np.ones(24)})
    axes = ["--axes", "frame, coil, ky, kx", "--method", "zero-filled"]
    named = image(raki, tmp_path / "k.npy", tmp_path / "named", *axes, "--mask", tmp_path / "masks.mat", "--mask-variable", "mask")
    assert (named == image(raki, tmp_path / "zeroed.npy", tmp_path / "zeroed", *axes, "--infer-mask")).all()
    np.save(tmp_path / "long.npy", np.ones(25))
    assert "frame 3, coil 4, ky 24" in raki("info", tmp_path / "k.npy", *axes[:2], "--mask", tmp_path / "long.npy", code=64).stderr


def test_real_and_imaginary_parts_may_be_an_axis(raki, tmp_path):
    k = array(tmp_path / "complex.npy", np.random.default_rng(7))
    np.save(tmp_path / "parts.npy", np.stack([k.real, k.imag], -1))
    np.save(tmp_path / "real.npy", k.real)
    whole = image(raki, tmp_path / "complex.npy", tmp_path / "a", *AXES)
    assert (image(raki, tmp_path / "parts.npy", tmp_path / "b", "--axes", "coil,ky,kx,ri") == whole).all()
    samples, _ = decision(raki, "samples", tmp_path / "real.npy", *AXES)
    assert samples["contradiction"] and samples["value"] == "real numbers"
    raki("info", tmp_path / "complex.npy", "--axes", "coil,ky,ri", code=64)


def test_the_field_of_view_of_an_array_can_be_given(raki, tmp_path):
    array(tmp_path / "k.npy", np.random.default_rng(8))
    raki("recon", tmp_path / "k.npy", "-o", tmp_path / "out", *AXES, "--fov", "240,120,4")
    dicom = pydicom.dcmread(next((tmp_path / "out").rglob("*.dcm")))
    assert list(dicom.PixelSpacing) == [5, 7.5] and dicom.SliceThickness == 4
    fov, _ = decision(raki, "field of view", tmp_path / "k.npy", *AXES, "--fov", "240,120,4")
    assert fov["value"] == "240 x 120 x 4 mm" and not fov["contradiction"]


@pytest.mark.parametrize("exponent, code, word", [(-11, 0, ""), (11, 0, ""), (-14, 65, "too small"), (30, 65, "too large")])
def test_units_do_not_matter_until_their_powers_are_no_numbers(raki, tmp_path, exponent, code, word):
    k = array(tmp_path / "k.npy", np.random.default_rng(9))
    np.save(tmp_path / "scaled.npy", (k.astype(complex) * 10.0**exponent).astype(np.complex64))
    error = raki("recon", tmp_path / "scaled.npy", "-o", tmp_path / "o", *AXES, "--method", "linear", "--output", "npy", code=code).stderr
    assert word in error
    if code == 0:
        plain = image(raki, tmp_path / "k.npy", tmp_path / "plain", *AXES, "--method", "linear")
        assert nrmse(np.load(tmp_path / "o" / "image.npy") * 10.0**-exponent, plain) < 1e-5


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


def test_the_shape_in_a_hdr_file_makes_another_scan(raki, tmp_path):
    rng = np.random.default_rng(2)
    (rng.standard_normal((4, 24, 32)) + 1j * rng.standard_normal((4, 24, 32))).astype(np.complex64).tofile(tmp_path / "scan.cfl")
    uids = []
    for shape in ("32 24 4", "24 32 4", "32 24 4"):
        (tmp_path / "scan.hdr").write_text(f"# Dimensions\n{shape}\n")
        raki("recon", tmp_path / "scan.cfl", "-o", tmp_path / f"out{len(uids)}", "--axes", "kx,ky,coil", "--method", "zero-filled")
        uids.append(pydicom.dcmread(next((tmp_path / f"out{len(uids)}").rglob("*.dcm"))).SOPInstanceUID)
    assert uids[0] == uids[2] != uids[1]


def test_random_lines_are_filled_by_the_noise_aware_kernel_and_refused_by_grappa(raki, brain, tmp_path):
    mask = np.random.default_rng(1).random(180) < 0.3
    mask[80:100] = True
    np.save(tmp_path / "scan.npy", np.where(mask[None, :, None], brain, 0).astype(np.complex64))
    np.save(tmp_path / "full.npy", brain.astype(np.complex64))
    axes = ["--axes", "coil,ky,kx"]
    truth = image(raki, tmp_path / "full.npy", tmp_path / "truth", *axes)
    empty = image(raki, tmp_path / "scan.npy", tmp_path / "zero", *axes, "--infer-mask", "--method", "zero-filled")
    linear = image(raki, tmp_path / "scan.npy", tmp_path / "linear", *axes, "--infer-mask", "--method", "linear")
    assert nrmse(linear, truth) < 0.5 * nrmse(empty, truth)  # plain grappa: 1.7 times
    refusal = raki("recon", tmp_path / "scan.npy", "-o", tmp_path / "no", *axes, "--infer-mask", "--method", "grappa", code=65)
    assert "no lattice" in refusal.stderr and "linear" in refusal.stderr


def test_reference_lines_of_an_array(raki, data, tmp_path):
    """epi16: 31 lines at R = 2 and a separate reference of 24; without it there is nothing to learn from."""
    scan, reference = (data / "epi16_r2_extref_64x64" / name for name in ("kdata.mat", "refscan.mat"))
    options = ["--axes", "kx,ky,coil", "--infer-mask"]
    assert "ACS" in raki("recon", scan, "-o", tmp_path / "no", "--method", "grappa", *options, code=65).stderr
    grappa = image(raki, scan, tmp_path / "g", "--method", "grappa", *options, "--calibration", reference)
    empty = image(raki, scan, tmp_path / "z", "--method", "zero-filled", *options)
    ghost = lambda i: i[0, 0, :, :][np.r_[0:6, 58:64]].mean() / i.mean()  # the object fills the middle
    assert ghost(grappa) < 0.5 * ghost(empty)


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
    error = raki("info", tmp_path / "cut.npz", *AXES, code=65).stderr
    assert "found zip: " in error and "complete" in error
    np.ones(64, np.complex64).tofile(tmp_path / "alone.cfl")
    assert "alone.hdr" in raki("info", tmp_path / "alone.cfl", *AXES, code=66).stderr
    assert "No input file is named" in raki("info", "", code=66).stderr
    assert ".png" in raki("info", stream, "--plot", tmp_path / "mask.jpg", code=64).stderr
