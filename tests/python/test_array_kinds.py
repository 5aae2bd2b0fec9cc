"""Arrays of every kind: taken without a copy or refused with the reason, given back alike, never written to."""

import gc
import pathlib
import resource
import types
import warnings

import numpy as np
import pytest
import torch

import raki
from raki import _arrays, _shapes


def address(array):
    return array.__array_interface__["data"][0]


class Dlpack:
    """Speaks nothing but DLPack, as an array of another library."""

    def __init__(self, tensor):
        self.tensor, self.asked = tensor, []

    def __dlpack__(self, **how):
        self.asked.append(how)
        return self.tensor.__dlpack__(**{k: v for k, v in how.items() if k != "copy"})

    def __dlpack_device__(self):
        return self.tensor.__dlpack_device__()


@pytest.fixture
def other_library(monkeypatch):
    """A library whose arrays are Dlpack, with the from_dlpack of the array API."""
    library = types.ModuleType("otherarrays")
    library.from_dlpack = lambda tensor: Dlpack(torch.from_dlpack(tensor))
    monkeypatch.setitem(__import__("sys").modules, "otherarrays", library)
    monkeypatch.setattr(Dlpack, "__module__", "otherarrays")
    return library


def test_numpy_and_torch_are_shared_not_copied(kspace):
    assert _shapes.canonical_coils(kspace)[0].data_ptr() == address(kspace)
    assert _shapes.canonical_coils(kspace[0, :, 0])[0].data_ptr() == address(kspace)
    tensor = torch.from_numpy(kspace)
    assert _shapes.canonical_coils(tensor)[0].data_ptr() == tensor.data_ptr()
    result = _arrays.NUMPY.give(tensor)
    assert address(result) == tensor.data_ptr()


def test_a_scan_of_an_array_is_the_array(kspace, phantom):
    from raki._scan import scan_of_arrays

    assert address(scan_of_arrays(kspace, phantom.mask).read()[0]) == address(kspace)
    dirty = kspace.copy()
    dirty[..., 1, :] = 1  # was not measured: zeros are needed there, in memory of their own
    assert address(scan_of_arrays(dirty, phantom.mask).read()[0]) != address(dirty)


def test_torch_in_torch_out_numpy_in_numpy_out(kspace, phantom):
    of_numpy = raki.reconstruct(kspace, phantom.mask, "linear")
    of_torch = raki.reconstruct(torch.from_numpy(kspace), torch.from_numpy(phantom.mask), "linear")
    assert isinstance(of_numpy.image, np.ndarray) and isinstance(of_torch.image, torch.Tensor)
    for name in ("image", "complex_image", "kspace", "coil_images", "sensitivities"):
        assert np.array_equal(getattr(of_numpy, name), getattr(of_torch, name).numpy()), name


def test_dlpack_in_the_same_library_out(other_library, kspace, phantom):
    given = Dlpack(torch.from_numpy(kspace))
    result = raki.to_coil_images(given)
    assert isinstance(result, Dlpack) and given.asked
    assert np.array_equal(result.tensor.numpy(), raki.to_coil_images(kspace))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_cuda_tensors_stay_on_their_device_and_in_their_stream(kspace, phantom):
    here = raki.reconstruct(kspace, phantom.mask, "linear").image
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        there = torch.from_numpy(kspace).cuda(non_blocking=True)
        result = raki.reconstruct(there, phantom.mask, "linear").image
    assert result.is_cuda
    assert np.linalg.norm(result.cpu().numpy() - here) < 1e-4 * np.linalg.norm(here)


@pytest.mark.parametrize("change", [
    lambda a: np.asfortranarray(a), lambda a: np.repeat(a, 2, axis=-1)[..., ::2], lambda a: a[:, ::-1][:, ::-1],
    lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1], lambda a: torch.from_numpy(a).transpose(-1, -2).contiguous().transpose(-1, -2),
    lambda a: torch.from_numpy(np.conj(a)).conj(), lambda a: torch.from_numpy(a).requires_grad_()])
def test_any_strides_give_the_same(kspace, phantom, change):
    expected = raki.interpolate(kspace, phantom.mask, "linear").kspace
    found = raki.interpolate(change(kspace), phantom.mask, "linear").kspace
    assert np.array_equal(np.asarray(found), expected)


def test_nothing_given_is_written_to(kspace, phantom):
    given = {"kspace": kspace.copy(), "mask": phantom.mask.copy(), "noise": phantom.noise.copy()}
    kept = {name: array.copy() for name, array in given.items()}
    for array in given.values():
        array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raki.reconstruct(given["kspace"], given["mask"], "hybrid", noise=given["noise"])
        raki.fill_partial_fourier(given["kspace"], given["mask"])
    for name, array in given.items():
        assert np.array_equal(array, kept[name])


@pytest.mark.parametrize("array, words", [
    (lambda a: a.astype(np.complex128), "complex128, expected complex64"), (lambda a: a.real.copy(), "float32, expected complex64"),
    (lambda a: a.astype(">c8"), "foreign byte order"), (lambda a: a.tolist(), "no array"), (lambda a: None, "no array"),
    (lambda a: a[0, 0, 0], "too few axes"), (lambda a: a[:0], "empty"), (lambda a: a[..., :0], "empty"),
    (lambda a: np.array([["a"]]), "does not know")])
def test_what_cannot_be_taken_is_refused(kspace, phantom, array, words):
    with pytest.raises(raki.InputError, match=words):
        raki.reconstruct(array(kspace), phantom.mask, "linear")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_named(kspace, phantom, bad):
    dirty = kspace.copy()
    dirty[1, 2, 0, 48, 5] = bad
    with pytest.raises(raki.InputError, match="not finite.*frame 1, coil 2, kz 0, ky 48, kx 5"):
        raki.reconstruct(dirty, phantom.mask, "linear")


@pytest.mark.parametrize("mask, words", [
    (lambda m: m[:, :-1], "does not fit"), (lambda m: m[None], "does not fit"), (lambda m: np.zeros_like(m), "No line"),
    (lambda m: "guess", "Unknown mask"), (lambda m: [1, 0], "no array")])
def test_masks_that_do_not_fit_are_refused(kspace, phantom, mask, words):
    with pytest.raises(raki.InputError, match=words):
        raki.reconstruct(kspace, mask(phantom.mask), "linear")


@pytest.mark.parametrize("call, words", [
    (lambda k, m: raki.interpolate(k, m, "linear", noise=k), "noise cannot be used: found ndarray, expected bool.*whitening_matrix"),
    (lambda k, m: raki.interpolate(k, m, "linear", unit_noise=k), "unit_noise"), (lambda k, m: raki.train(k, m, unit_noise=1), "found int"),
    (lambda k, m: raki.fit_noise_aware(k, m, unit_noise=None), "NoneType"), (lambda k, m: raki.evaluate(k, unit_noise=k), "unit_noise"),
    (lambda k, m: raki.noise_map(k, k), "ndarray, expected Filled"), (lambda k, m: raki.write_dicom(k, "out"), "expected Reconstruction")])
def test_arguments_of_another_type_are_named_not_printed(kspace, phantom, call, words):
    with pytest.raises(raki.InputError, match=words) as error:
        call(kspace, phantom.mask)
    assert len(str(error.value)) < 300


def test_results_outlive_what_they_came_from(kspace, phantom):
    expected = raki.reconstruct(kspace, phantom.mask, "linear").image.copy()
    image = raki.reconstruct(kspace.copy(), phantom.mask, "linear").image
    gc.collect()
    raki.reconstruct(kspace[::-1].copy(), phantom.mask, "linear")
    assert np.array_equal(image, expected)


def memory_after(calls, work):
    for _ in range(calls):
        work()
    gc.collect()
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


@pytest.mark.parametrize("calls", [7_000, 333_334])
def test_many_calls_keep_memory_flat(calls):
    """Three calls at a time."""
    small = np.ones((2, 8, 8), np.complex64)
    mask = np.ones(8, bool)

    def work():
        raki.root_sum_of_squares(small)
        raki.detect_sampling(mask)
        try:
            raki.to_coil_images(small[0])
        except raki.InputError:
            pass

    before = memory_after(2_000, work)
    assert memory_after(calls, work) - before < 8_000  # kB
