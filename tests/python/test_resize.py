"""resize against the same rules in plain loops, against NVIDIA DALI, and by laws."""

import numpy as np
import pytest
import torch

import volume_reference as reference
from raki._errors import InputError
from raki._resize import FILTERS, resize

# Of values in 0..1. Double precision differs from the loops by the order of sums; DALI keeps positions and weights in
# float32: largest difference seen in 2600 cases 2.4e-6.
DOUBLE, DALI = 1e-12, 1e-5


@pytest.fixture
def random():
    return np.random.default_rng(7)


@pytest.fixture
def dali():
    import dali_operators

    return dali_operators


# --- against plain loops


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("name", FILTERS)
def test_plain_loops_say_the_same(random, name, dims, antialias):
    for _ in range(12):
        shape, arguments = reference.resize_case(random, dims)
        volume = random.standard_normal(shape)
        expected = reference.resample(volume, reference.result_axes(shape, **arguments), name, name, antialias)
        found = resize(volume, interp_type=name, antialias=antialias, **arguments)
        assert found.shape == expected.shape, (shape, arguments)
        assert np.abs(found - expected).max() < DOUBLE * 10, (shape, arguments)


def test_one_filter_for_smaller_axes_and_one_for_larger(random):
    volume = random.standard_normal((9, 8, 7))
    for size in ([5, 11, 7], [12, 12, 3]):
        expected = reference.resample(volume, reference.result_axes(volume.shape, size), "cubic", "nearest")
        assert np.abs(resize(volume, size, min_filter="cubic", mag_filter="nearest") - expected).max() < DOUBLE * 10


@pytest.mark.parametrize("size", [150, 37, 5])
def test_long_axes_are_filtered_in_blocks(random, size):
    line = random.standard_normal((3, 100))
    expected = reference.resample(line, reference.result_axes(line.shape, [3, size]), "lanczos3", "lanczos3")
    assert np.abs(resize(line, [3, size], interp_type="lanczos3") - expected).max() < DOUBLE * 10


# --- against DALI


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("name", FILTERS)
def test_dali_says_the_same(dali, random, name, dims):
    """But where the last bit of a float32 decides: which of two voxels is nearest, and at a Gaussian's rim, not 0."""
    compared = 0
    for _ in range(40):
        shape, arguments = reference.resize_case(random, dims)
        if name in ("nearest", "gaussian") and reference.has_ties(
                reference.result_axes(shape, **arguments), 0 if name == "nearest" else 1):
            continue
        compared += 1
        volume = random.random(shape, np.float32)
        antialias = bool(random.integers(2))
        expected = dali.on_image("resize", volume, interp_type=name, antialias=antialias, **arguments)
        found = resize(volume, interp_type=name, antialias=antialias, **arguments)
        assert found.dtype == np.float32 and found.shape == expected.shape, (shape, arguments)
        assert np.abs(found - expected).max() < DALI, (shape, arguments, antialias)
    assert compared > 3


@pytest.mark.parametrize("arguments", [
    dict(resize_x=5), dict(resize_x=-5, resize_y=12), dict(resize_z=3, resize_y=4.5), dict(resize_shorter=4),
    dict(resize_longer=11.4), dict(resize_longer=-8, max_size=6), dict(resize_shorter=9, max_size=[9, 10, 11]),
    dict(size=4), dict(size=[0, 0, 0], max_size=3), dict(size=[8, 0, 0], mode="stretch", max_size=[9, 5, 9])])
def test_dali_takes_sizes_the_same(dali, random, arguments):
    volume = random.random((7, 9, 6), np.float32)
    expected = dali.on_image("resize", volume, **arguments)
    assert np.abs(resize(volume, **arguments) - expected).max() < DALI


@pytest.mark.parametrize("arguments", [
    dict(), dict(alignment=0.0), dict(alignment=[0.0, 0.2, 1.0]), dict(size_rounding="ceil"),
    dict(size_rounding="truncate"), dict(roi_start=[1.0, 2.0, 0.0], roi_end=[5.0, 8.0, 6.0]),
    dict(max_size=[3.0, 9.0, 9.0]), dict(subpixel_scale=False)])
@pytest.mark.parametrize("scales", [[0.6, 1.3, 0.77], [0.6, -1.2, 0.0]])
def test_dali_takes_scales_the_same(dali, random, scales, arguments):
    """But where an axis is rounded to its old size: tensor_resize leaves it then, though its scale is not 1."""
    volume = random.random((7, 9, 8), np.float32)
    ((expected,),) = dali.run("tensor_resize", [volume], "DHW", scales=scales, **arguments)
    assert np.abs(resize(volume, scales=scales, **arguments) - expected).max() < DALI


@pytest.mark.parametrize("name", ["nearest", "linear", "lanczos3"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_dali_rounds_the_same(dali, random, name, dtype):
    """Halves away from zero, and no further than the range; a last bit may decide at a half."""
    info = np.iinfo(dtype)
    volume = random.integers(max(info.min, -300), min(info.max, 300), (6, 7, 8), endpoint=True).astype(dtype)
    expected = dali.on_image("resize", volume, size=[11, 4, 9], interp_type=name)
    found = resize(volume, [11, 4, 9], interp_type=name)
    wrong = np.abs(found.astype(int) - expected) > 0
    assert found.dtype == dtype and wrong.mean() < 0.01 and np.abs(found.astype(int) - expected).max() <= 1


def test_where_dali_forgets_a_flip(dali):
    """A region from end to start flips, says DALI's documentation; its operator flips only axes that have a size."""
    image = np.arange(24, dtype=np.float32).reshape(4, 6)
    region = dict(size=[4, 0], mode="stretch", roi_start=[0, 6], roi_end=[4, 0], interp_type="nearest")
    assert np.array_equal(dali.on_image("resize", image, **region), image)
    assert np.array_equal(resize(image, **region), image[:, ::-1])


# --- laws


@pytest.mark.parametrize("name", FILTERS)
def test_a_constant_stays(random, name):
    for _ in range(10):
        shape, arguments = reference.resize_case(random, 3)
        assert np.allclose(resize(np.full(shape, 3.5), interp_type=name, **arguments), 3.5, rtol=1e-13)


@pytest.mark.parametrize("name", ["nearest", "linear", "triangular", "cubic", "lanczos3"])
def test_the_same_size_is_the_same_volume(random, name):
    volume = random.standard_normal((5, 6, 7)).astype(np.float32)
    found = resize(volume, volume.shape, interp_type=name)
    assert np.array_equal(found, volume) and not np.shares_memory(found, volume)


@pytest.mark.parametrize("name", ["linear", "triangular", "cubic", "lanczos3"])
def test_flips(random, name):
    """Flipped on the way is flipped before or after, and twice not at all. (A Gaussian's rim counts on one side.)"""
    volume = random.standard_normal((5, 6, 7))
    plain = resize(volume, [8, 4, 7.3], interp_type=name)
    flipped = resize(volume, [8, -4, -7.3], interp_type=name)
    assert np.allclose(flipped, plain[:, ::-1, ::-1], atol=DOUBLE)
    assert np.allclose(resize(volume[:, ::-1, ::-1], [8, 4, 7.3], interp_type=name), flipped, atol=DOUBLE)
    region = dict(roi_start=[0, 1, 0], roi_end=[1, 0, 1], roi_relative=True)
    assert np.allclose(resize(volume, [8, -4, 7.3], interp_type=name, **region), plain, atol=DOUBLE)


@pytest.mark.parametrize("name", FILTERS)
def test_complex_numbers_by_their_parts_and_leading_axes_one_by_one(random, name):
    volume = random.standard_normal((2, 3, 6, 7, 8)) + 1j * random.standard_normal((2, 3, 6, 7, 8))
    found = resize(volume, [9, 5, 8], interp_type=name)
    assert found.shape == (2, 3, 9, 5, 8) and found.dtype == np.complex128
    for index in np.ndindex(2, 3):
        assert np.allclose(found[index].real, resize(volume[index].real, [9, 5, 8], interp_type=name), atol=DOUBLE)
        assert np.allclose(found[index].imag, resize(volume[index].imag, [9, 5, 8], interp_type=name), atol=DOUBLE)


def test_beyond_the_volume_its_edges_go_on():
    ramp = np.arange(6.0)[None]
    assert np.array_equal(resize(ramp, [1, 4], roi_start=[0, 10], roi_end=[1, 14]), np.full((1, 4), 5.0))
    assert np.array_equal(resize(ramp, [1, 4], roi_start=[0, -9], roi_end=[1, -5]), np.zeros((1, 4)))
    assert np.allclose(resize(ramp, [1, 10], roi_start=[0, -2], roi_end=[1, 8]), [[0, 0, 0, 1, 2, 3, 4, 5, 5, 5]])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.complex128, torch.bool,
                                   torch.int8, torch.uint16, torch.int32, torch.int64])
def test_the_type_stays(dtype):
    volume = torch.tensor([[0, 1, 1, 0, 0, 1, 1]]).to(dtype)
    given = volume.clone()
    for name in FILTERS:
        found = resize(volume, [2, 5], interp_type=name)
        assert found.dtype == dtype and found.shape == (2, 5)
    assert torch.equal(volume, given)
    assert resize(volume, [1, 21], interp_type="nearest")[0, ::3].equal(volume[0])


def test_integers_end_where_their_range_ends():
    image = torch.tensor([[-128, -128, 127, 127, -128, -128]], dtype=torch.int8)
    found = resize(image, [1, 24], interp_type="lanczos3")
    exact = resize(image.double(), [1, 24], interp_type="lanczos3")
    assert exact.max() > 127.6 and found.max() == 127 and found.min() == -128
    large = torch.full((1, 4), torch.iinfo(torch.int64).max)
    assert resize(large, [1, 7]).min() > 2**62


def test_no_coils_are_no_images():
    assert resize(np.zeros((0, 4, 5), np.float32), [3, 4]).shape == (0, 3, 4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: CPU and CUDA are not compared")
@pytest.mark.parametrize("name", FILTERS)
def test_a_gpu_filters_alike(random, name):
    for dtype in (np.float32, np.complex64, np.int16):
        volume = torch.from_numpy((100 * random.standard_normal((2, 30, 41, 52))).astype(dtype))
        found = resize(volume.cuda(), [45, 20, 52], interp_type=name)
        assert found.is_cuda
        apart = (found.cpu() - resize(volume, [45, 20, 52], interp_type=name)).abs().max()
        assert apart <= (1 if dtype == np.int16 else 1e-3)


# --- refusals


@pytest.mark.parametrize("arguments, text", [
    (dict(), "Sizes are given in no single way: found none"),
    (dict(size=[4, 4], scales=[1, 1]), "found size and scales"),
    (dict(resize_x=3, resize_longer=4), "found resize_longer and resize_x"),
    (dict(size=[4, 4, 4], dims=2), "The size has the wrong length: found 3, expected 2"),
    (dict(size=[4, 4, 4, 4]), "The number of spatial axes is not supported: found 4, expected 2 or 3"),
    (dict(size=[4, np.nan]), "The size is not finite"),
    (dict(size="large", dims=2), "The size is no list of numbers: found 'large'"),
    (dict(size=[4, 4], mode="fit"), "Unknown mode: found 'fit', expected one of 'default', 'stretch', 'not_larger'"),
    (dict(size=[4, 4], interp_type="lanczos"), "Unknown filter: found 'lanczos', expected one of 'nearest', 'linear'"),
    (dict(size=[4, 4], mag_filter="sinc"), "Unknown filter: found 'sinc'"),
    (dict(scales=[2, 2], size_rounding="up"), "Unknown size_rounding: found 'up', expected one of 'round', 'truncate'"),
    (dict(resize_shorter=4, mode="stretch"), "A mode does not go with resize_shorter"),
    (dict(scales=[1, 2], mode="not_larger"), "This mode needs sizes, not scales"),
    (dict(size=[4, 4], roi_start=[0, 0]), "Half of a region of interest: found roi_start"),
    (dict(size=[4, 4], max_size=0), "The max_size is not positive"),
    (dict(resize_z=4, dims=2), "A size along z of an image without z"),
    (dict(resize_x=4), "Which axes are spatial is not said: found 4 axes")])
def test_refused_with_the_reason(arguments, text):
    with pytest.raises(InputError) as caught:
        resize(np.zeros((2, 3, 4, 5), np.float32), **arguments)
    assert text in str(caught.value)


def test_volumes_that_cannot_be_resized():
    with pytest.raises(InputError, match=r"The volume has too few axes: found shape \(5,\), expected at least 2"):
        resize(np.zeros(5), [4, 4])
    with pytest.raises(InputError, match=r"The volume is empty: found spatial axes of \(0, 4\)"):
        resize(np.zeros((0, 4)), [4, 4])
    with pytest.raises(InputError, match="no array"):
        resize([[1, 2]], [4, 4])
