"""Arrays of every format through the whole program: axes, masks, what their zeros tell, reference lines, units."""

import pathlib
import sys

import numpy as np
import pydicom
import pytest
import scipy.io

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from run_results import decision, image, nrmse  # noqa: E402


AXES = ["--axes", "coil,ky,kx"]


def array(path, rng, ky=24, kx=32):
    k = (rng.standard_normal((4, ky, kx)) + 1j * rng.standard_normal((4, ky, kx))).astype(np.complex64)
    np.save(path, k)
    return k


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
