"""raki.reconstruct against the command line, bit for bit, on files and on arrays; what its options and errors say."""

import json
import subprocess

import numpy as np
import pydicom
import pytest
import torch

import raki


def run(program, *arguments):
    subprocess.run([program, "-q", *map(str, arguments)], check=True, capture_output=True)


@pytest.mark.parametrize("method, options", [("zero-filled", {}), ("grappa", {"kernel": "2x5"}), ("linear", {"noise_map": True}),
                                             ("hybrid", {"detail": 2.0, "combine": "rss"}), ("raki", {"seed": 3}),
                                             ("raki-2019", {"iterations": 15}), ("linear", {"coils": 4, "prewhiten": False})])
def test_a_scan_gives_the_bits_of_the_command_line(raki_program, scan_file, tmp_path, method, options):
    words = []
    for name, value in options.items():
        if name == "prewhiten":
            words.append("--no-prewhiten")
        else:
            words += ["--" + name.replace("_", "-")] + ([] if value is True else [value])
    run(raki_program, "recon", scan_file, "-o", tmp_path / "result", "-m", method, "--output", "npy", *words)
    result = raki.reconstruct(raki.read_scan(scan_file), method=method, **options)
    assert np.array_equal(result.image, np.load(tmp_path / "result/image.npy"))
    if options.get("noise_map"):
        assert np.array_equal(result.noise_map, np.load(tmp_path / "result/noise.npy"))
    report = json.loads((tmp_path / "result/recon.json").read_text())
    same = ("raki", "options", "method", "seed", "device", "scan", "decisions")
    assert {key: result.report[key] for key in same} == {key: report[key] for key in same}
    for ours, theirs in zip(result.frames, report["frames"], strict=True):
        assert ours["method_used"] == theirs["method_used"]
        assert {k: v for k, v in ours["numbers"].items() if "seconds" not in k} == \
               {k: v for k, v in theirs["numbers"].items() if "seconds" not in k}


def test_the_arrays_of_a_scan_give_the_scans_image(scan_file):
    scan = raki.read_scan(scan_file)
    whole = raki.reconstruct(scan, method="hybrid")
    kspace, calibration = scan.read()
    assert calibration is None
    white = raki.prewhiten(kspace, scan.whitening)
    filled = raki.interpolate(raki.remove_readout_oversampling(white, scan.readout_oversampling), scan.sampling, "hybrid",
                              unit_noise=True)
    assert np.array_equal(filled.kspace, whole.kspace)
    combined = raki.combine(raki.to_coil_images(filled.kspace), whole.sensitivities)
    assert np.linalg.norm(np.abs(combined) - whole.image) < 1e-5 * np.linalg.norm(whole.image)


def test_a_full_scan_is_evaluated_as_by_the_command_line(raki_program, tmp_path):
    raki.write_phantom(tmp_path / "scan.h5", tmp_path / "full.h5", slices=2, coils=6, matrix_x=64, matrix_y=64)
    done = subprocess.run([raki_program, "-q", "evaluate", tmp_path / "full.h5", "-R", "2", "--acs", "16", "-m", "grappa,linear",
                           "--json"], capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    table = raki.evaluate(raki.read_scan(tmp_path / "full.h5"), 2, 16, ["grappa", "linear"])
    rows = table.to_dict("records") if hasattr(table, "to_dict") else table
    found = [(row["method"], row["frame"], row["nrmse"], row["ssim"]) for row in rows]
    assert found == [(row["method"], row["frame"], row["nrmse"], row["ssim"]) for row in theirs["rows"]]


def test_steps_of_a_result_belong_together(phantom):
    result = raki.reconstruct(phantom.kspace, phantom.mask, "linear", noise=phantom.noise, readout_oversampling=2)
    assert np.array_equal(result.coil_images, raki.to_coil_images(result.kspace))
    assert np.allclose(raki.combine(result.coil_images, result.sensitivities), result.complex_image, atol=1e-5)
    assert np.allclose(np.abs(result.complex_image), result.image, atol=1e-5)
    assert np.allclose((np.abs(result.sensitivities) ** 2).sum(axis=1), 1, atol=1e-4)
    nothing = raki.reconstruct(phantom.kspace, phantom.mask, "zero-filled", noise=phantom.noise, readout_oversampling=2)
    assert error_of(result.image, phantom) < 0.95 * error_of(nothing.image, phantom)


def error_of(image, phantom):
    return np.linalg.norm(image / np.linalg.norm(image) - phantom.truth / np.linalg.norm(phantom.truth))


def test_measured_samples_come_out_bit_for_bit(kspace, phantom):
    result = raki.reconstruct(kspace, phantom.mask, "linear")
    measured = phantom.mask[0]
    assert np.array_equal(result.kspace[..., measured, :], kspace[..., measured, :])
    assert (np.abs(result.kspace[..., ~measured, :]) > 0).any(axis=(0, 1, 2, 4)).all()


def test_samples_outside_the_mask_are_not_looked_at(kspace, phantom):
    dirty = kspace.copy()
    dirty[..., ~phantom.mask[0], :] = 1e3
    kept = dirty.copy()
    assert np.array_equal(raki.reconstruct(dirty, phantom.mask, "linear").image,
                          raki.reconstruct(kspace, phantom.mask, "linear").image)
    assert np.array_equal(dirty, kept)


@pytest.mark.parametrize("leading", [(), (1,), (2, 2)])
@pytest.mark.parametrize("slab", [False, True])
def test_axes_come_back_as_they_were(kspace, phantom, leading, slab):
    one = kspace[0] if slab else kspace[0, :, 0]
    many = np.broadcast_to(one if not leading or slab else one[:, None], (*leading, *(one if not leading or slab else one[:, None]).shape))
    result = raki.reconstruct(many, phantom.mask[0], "zero-filled")
    has_z = slab or bool(leading)
    assert result.image.shape == (*leading, *((1,) if has_z else ()), 96, 96)
    assert result.kspace.shape == many.shape and result.coil_images.shape == many.shape


def test_a_mask_can_be_inferred_when_asked(kspace, phantom):
    named = raki.reconstruct(kspace, phantom.mask, "linear")
    assert np.array_equal(raki.reconstruct(kspace, "infer", "linear").image, named.image)
    with pytest.raises(raki.InputError, match='mask="infer"'):
        raki.reconstruct(kspace)


def test_slices_and_frames_select(scan_file):
    whole = raki.reconstruct(raki.read_scan(scan_file), method="linear")
    second = raki.reconstruct(raki.read_scan(scan_file), method="linear", slices=slice(1, 2))
    assert second.image.shape == (1, 1, 96, 96)
    assert np.allclose(second.image[0], whole.image[1], rtol=1e-5, atol=1e-4)
    assert np.allclose(second.kspace[0], whole.kspace[1], rtol=1e-4, atol=1e-3)
    assert not np.allclose(second.image[0], whole.image[0], rtol=0.1, atol=1)


def test_separate_calibration_serves(phantom):
    lines = phantom.mask[0].copy()
    acs = phantom.kspace[..., 36:60, :]
    lattice = np.zeros_like(lines)
    lattice[48 % 4::4] = True
    with pytest.raises(raki.InputError, match="calibration"):
        raki.reconstruct(phantom.kspace, lattice, "linear")
    alone = raki.reconstruct(phantom.kspace, lattice, "linear", calibration=acs, noise=phantom.noise, readout_oversampling=2)
    assert error_of(alone.image, phantom) < 0.3


def test_results_are_written_as_the_command_line_writes_them(raki_program, scan_file, tmp_path):
    run(raki_program, "recon", scan_file, "-o", tmp_path / "program", "-m", "linear", "--output", "dicom,npy,nii")
    result = raki.reconstruct(raki.read_scan(scan_file), method="linear")
    folder = raki.write(result, tmp_path / "python", "dicom,npy,nii")
    theirs = {p.relative_to(tmp_path / "program") for p in (tmp_path / "program").rglob("*") if p.is_file()}
    assert {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()} == theirs
    for name in theirs - {pathlib_name for pathlib_name in theirs if pathlib_name.name == "recon.json"}:
        assert (folder / name).read_bytes() == (tmp_path / "program" / name).read_bytes(), name


def test_dicom_of_arrays_has_pixels_and_says_that_geometry_is_unknown(kspace, phantom, tmp_path):
    result = raki.reconstruct(kspace, phantom.mask, "linear", fov=(240, 240, 5))
    raki.write_dicom(result, tmp_path / "images", syntax="explicit-le")
    files = sorted((tmp_path / "images/series001").iterdir())
    assert len(files) == 2
    image = pydicom.dcmread(files[0])
    assert list(image.PixelSpacing) == [2.5, 2.5] and image.SliceThickness == 5
    assert np.abs(image.pixel_array - result.image[0, 0] / result.image.max() * 32767).max() < 0.51
    with pytest.raises(raki.InputError, match="exists|empty"):
        raki.write_dicom(result, tmp_path / "images")


@pytest.mark.parametrize("options, words", [
    ({"detial": 2}, "Did you mean 'detail'"), ({"detail": 20}, "not a number from 0.5 to 4"), ({"detail": "nan"}, "detail"),
    ({"method": "grapa"}, "Did you mean 'grappa'"), ({"noise_map": 3}, "True or False"), ({"slices": "3"}, "A:B"),
    ({"slices": slice(0, 4, 2)}, "step"), ({"combine": "sum"}, "adaptive or rss"), ({"device": "gpu"}, "auto, cpu, cuda"),
    ({"network": 3}, "no network"), ({"frames": slice(5, 9)}, "frame")])
def test_options_that_cannot_be_used_say_why(kspace, phantom, options, words):
    method = options.pop("method", "linear")
    with pytest.raises(raki.InputError, match=words):
        raki.reconstruct(kspace, phantom.mask, method, **options)


def test_a_gpu_that_is_not_there_is_a_device_error(kspace, phantom):
    if torch.cuda.is_available():
        pytest.skip("a GPU is there")
    with pytest.raises(raki.DeviceError, match="no NVIDIA driver") as error:
        raki.reconstruct(kspace, phantom.mask, "linear", device="cuda")
    assert isinstance(error.value, RuntimeError) and error.value.code == 69


def test_errors_carry_their_facts(tmp_path):
    with pytest.raises(ValueError) as error:
        raki.read_scan(tmp_path / "nothing.h5")
    assert isinstance(error.value, raki.InputError) and error.value.code == 66
    assert error.value.what and "nothing.h5" in str(error.value)
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(raki.InputError) as error:
        raki.read_scan(tmp_path / "text.h5")
    assert error.value.code == 65


def test_torch_settings_are_left_alone(kspace, phantom):
    before = torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()
    torch.manual_seed(7)
    first = torch.rand(3)
    torch.manual_seed(7)
    raki.reconstruct(kspace, phantom.mask, "raki")
    assert torch.equal(torch.rand(3), first)
    assert (torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()) == before


@pytest.mark.parametrize("beside", [{"mask": "linear"}, {"noise": np.ones((6, 99), np.complex64)}, {"fov": (1, 1, 1)},
                                    {"calibration": np.ones((6, 9, 9), np.complex64)}, {"readout_oversampling": 2.0}])
def test_a_scan_takes_no_arguments_of_arrays(scan_file, beside):
    with pytest.raises(raki.InputError, match='A Scan knows that itself: found ' + next(iter(beside)) + '.*method="linear"'):
        raki.reconstruct(raki.read_scan(scan_file), **beside)


def test_slices_are_not_taken_for_a_slab(kspace, phantom):
    """fastMRI's (slice, coil, ky, kx) has the axes of (coil, kz, ky, kx): a slab says so by a mask with kz."""
    with pytest.raises(raki.InputError, match=r"slices are \(slice, coil, 1, ky, kx\), and this is a slab of 6 partitions"):
        raki.reconstruct(kspace[:, :, 0], phantom.mask[0], "linear")
    slab = raki.reconstruct(kspace[:, :, 0], np.repeat(phantom.mask, 6, axis=0), "zero-filled")
    assert slab.image.shape == (6, 96, 96)


def test_a_sampling_is_a_mask(kspace, phantom):
    sampling = raki.detect_sampling(phantom.mask)
    assert np.array_equal(raki.reconstruct(kspace, sampling, "linear").image, raki.reconstruct(kspace, phantom.mask, "linear").image)


def uids(folder):
    return [pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID for file in sorted((folder / "series001").iterdir())]


def test_identifiers_are_those_of_the_data_and_the_way_they_were_read(raki_program, kspace, phantom, scan_file, tmp_path):
    run(raki_program, "recon", scan_file, "-o", tmp_path / "program", "-m", "linear", "--leave-out-coils", "2")
    result = raki.reconstruct(raki.read_scan(scan_file, leave_out_coils=[2]), method="linear")
    assert uids(raki.write_dicom(result, tmp_path / "python")) == uids(tmp_path / "program")
    acs = kspace[..., 36:60, :]
    variants = [{}, {"calibration": acs}, {"calibration": 2 * acs}, {"noise": phantom.noise}]
    seen = [uids(raki.write_dicom(raki.reconstruct(kspace, phantom.mask, "linear", **variant), tmp_path / str(i)))
            for i, variant in enumerate(variants)]
    assert len({tuple(found) for found in seen}) == len(variants)


def test_deidentified_results_do_not_name_the_file(scan_file, tmp_path):
    result = raki.reconstruct(raki.read_scan(scan_file), method="zero-filled")
    for deidentify, name in ((False, "scan.h5"), (True, "")):
        folder = raki.write_dicom(result, tmp_path / str(deidentify), deidentify=deidentify)
        assert json.loads((folder / "recon.json").read_text())["input"]["name"] == name
