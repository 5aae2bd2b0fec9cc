"""warp_affine and rotate against the same rules in plain loops, against NVIDIA DALI, and by laws."""

import numpy as np
import pytest
import torch

import volume_reference as reference
from raki import _warp
from raki._errors import InputError
from raki._warp import canvas, rotate, warp_affine

# Of values of about 1. In double precision the order of sums differs from the loops'. DALI keeps coordinates and angles
# in float32, grid_sample coordinates from -1 to 1: largest difference seen in 1800 cases 3.0e-5.
DOUBLE, DALI = 1e-12, 1e-4


@pytest.fixture
def random():
    return np.random.default_rng(11)


@pytest.fixture
def dali():
    import dali_operators

    return dali_operators


@pytest.fixture(params=[True, False], ids=["small slabs", "one slab"])
def slabs(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(_warp, "SLAB", {"cpu": 40, "cuda": 40})


def warp_case(random, dims):
    """(shape, matrix, size): oblique, anisotropic, partly beyond the volume."""
    shape, size = (tuple(int(n) for n in random.integers(2, 9, dims)) for _ in range(2))
    matrix = np.eye(dims) + 0.5 * random.standard_normal((dims, dims))
    return shape, np.column_stack([matrix, 2 * random.standard_normal(dims)]), size


# --- against plain loops


@pytest.mark.parametrize("fill", [None, 0, -2.5])
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("dims", [2, 3])
def test_plain_loops_say_the_same(random, slabs, dims, interpolation, fill):
    for _ in range(8):
        shape, matrix, size = warp_case(random, dims)
        volume = random.standard_normal(shape)
        expected = reference.warp(volume, matrix, size, interpolation, fill)
        found = warp_affine(volume, matrix, size, interp_type=interpolation, fill_value=fill)
        assert found.shape == size and np.abs(found - expected).max() < DOUBLE * 10, (shape, matrix, size)


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("axis", [None, (0, 0, 1), (1, -2, 0.5)])
def test_plain_loops_turn_the_same(random, interpolation, axis):
    shape = (5, 7) if axis is None else (5, 7, 4)
    volume = random.standard_normal(shape)
    for degrees in (23, -140, 200.5):
        size = canvas(shape, degrees, None if axis is None else np.array(axis) / np.linalg.norm(axis))
        turn = reference.rotation(degrees, axis)
        matrix = np.column_stack([turn, np.array(shape[::-1]) / 2 - turn @ (np.array(size[::-1]) / 2)])
        expected = reference.warp(volume, matrix, size, interpolation, 7.0)
        found = rotate(volume, degrees, axis, interp_type=interpolation, fill_value=7)
        assert found.shape == size and np.abs(found - expected).max() < DOUBLE * 10


# --- against DALI


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("dims", [2, 3])
def test_dali_warps_the_same(dali, random, dims, interpolation):
    for case in range(40):
        shape, matrix, size = warp_case(random, dims)
        volume = random.random(shape, np.float32)
        arguments = dict(inverse_map=case % 2 == 0, fill_value=(None, 0.0, 3.5)[case % 3], interp_type=interpolation,
                         size=(None, [n + 0.3 for n in size])[case % 2])
        expected = dali.on_image("warp_affine", volume, matrix=matrix.ravel().tolist(), **arguments)
        found = warp_affine(volume, matrix, **arguments)
        assert found.dtype == np.float32 and found.shape == expected.shape
        assert np.abs(found - expected).max() < (DALI if interpolation == "linear" else DOUBLE), (shape, arguments)


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("dims", [2, 3])
def test_dali_turns_the_same(dali, random, dims, interpolation):
    """But for the few voxels whose coordinate a float32 moves over the border between two nearest ones."""
    n_voxels = n_moved = 0
    for case in range(40):
        shape = tuple(int(n) for n in random.integers(3, 12, dims))
        volume = random.random(shape, np.float32)
        arguments = dict(angle=float(random.uniform(-400, 400)), fill_value=(None, 0.0, 3.5)[case % 3],
                         axis=None if dims == 2 else random.standard_normal(3).tolist(), interp_type=interpolation)
        if case % 4 == 0:
            arguments["size"] = random.uniform(1, 12, dims).round(1).tolist()
        if case % 4 == 1:
            arguments["keep_size"] = True
        expected = dali.on_image("rotate", volume, **arguments)
        found = rotate(volume, **arguments)
        assert found.shape == expected.shape, (shape, arguments)
        n_voxels, n_moved = n_voxels + found.size, n_moved + (np.abs(found - expected) > DALI).sum()
        assert interpolation == "nearest" or n_moved == 0, (shape, arguments)
    assert n_moved < n_voxels / 1000


@pytest.mark.parametrize("axis", [None, [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1]])
def test_dali_lays_out_the_same_canvas_where_two_axes_count_alike(dali, axis):
    """At multiples of 45 degrees. Nearest voxels are not compared: the rounding of the angle decides among two."""
    for shape in ((4, 7, 10), (7, 4, 5), (5, 8, 7)):
        volume = np.random.default_rng(3).random(shape if axis else shape[1:], np.float32)
        for angle in range(-360, 361, 45):
            arguments = dict(angle=float(angle), fill_value=0.0, axis=axis and [float(n) for n in axis])
            expected = dali.on_image("rotate", volume, **arguments)
            found = rotate(volume, **arguments)
            assert found.shape == expected.shape, (shape, angle)
            assert np.abs(found - expected).max() < DALI


@pytest.mark.parametrize("fill", [None, 2.6, 300.0, -4.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32])
def test_dali_rounds_the_same(dali, dtype, fill):
    """Halves away from zero; the fill value is rounded and kept in the range of the type first."""
    image = np.array([[10, 11, 12, 13]] * 2) * (1 if dtype == np.uint8 else -1)
    matrix = [1.0, 0.0, 0.5, 0.0, 1.0, 0.0]
    expected = dali.on_image("warp_affine", image.astype(dtype), matrix=matrix, fill_value=fill)
    found = warp_affine(image.astype(dtype), matrix, fill_value=fill)
    assert found.dtype == dtype and np.array_equal(found, expected)


# --- laws


def test_the_identity_and_whole_steps(random):
    volume = random.standard_normal((4, 5, 6)).astype(np.float32)
    identity = np.eye(3, 4)
    for form in (identity, identity.ravel().tolist(), np.eye(4), torch.eye(4)[:3]):
        assert np.allclose(warp_affine(volume, form), volume, atol=1e-6)
        assert np.array_equal(warp_affine(volume, form, interp_type="nearest"), volume)
    step = identity + np.array([[0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, -1]])
    moved = warp_affine(volume, step, fill_value=9)
    assert np.allclose(moved[1:, :, :4], volume[:-1, :, 2:], atol=1e-6)
    assert (moved[0] == 9).all() and (moved[:, :, 4:] == 9).all()


def test_a_half_step_has_one_nearest_voxel():
    line = np.arange(6.0)[None]
    assert warp_affine(line, [1, 0, 0.5, 0, 1, 0], interp_type="nearest").tolist() == [[1, 2, 3, 4, 5, 5]]


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_a_constant_stays_and_the_fill_value_joins_it(random, interpolation):
    for _ in range(20):
        shape, matrix, size = warp_case(random, 3)
        constant = np.full(shape, 2.5)
        for fill in (None, 2.5):
            found = warp_affine(constant, matrix, size, fill_value=fill, interp_type=interpolation)
            assert np.allclose(found, 2.5, atol=DOUBLE)


def test_what_is_inside_knows_no_fill_value(random):
    volume = random.standard_normal((6, 6)).astype(np.float32)
    inner = warp_affine(volume, [0.5, 0, 1.5, 0, 0.5, 1.5], fill_value=1e30)
    assert np.abs(inner).max() < 10
    marked = warp_affine(volume, [1, 0, 3, 0, 1, 0], fill_value=float("nan"))
    assert np.isnan(marked[:, 3:]).all() and np.isfinite(marked[:, :3]).all()


def test_there_and_back(random):
    """The inverse map of a matrix is the map of its inverse."""
    volume = random.standard_normal((5, 6, 7))
    _, matrix, size = warp_case(random, 3)
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 0, 1]]))
    found = warp_affine(volume, matrix, size, inverse_map=False)
    assert np.allclose(found, warp_affine(volume, inverse, size), atol=1e-9)


def test_quarter_turns_are_numpys(random):
    """Counter-clockwise on a screen; of a volume about z the other way round, as y points down."""
    image = random.standard_normal((4, 7))
    for turns in range(-4, 5):
        assert np.allclose(rotate(image, 90 * turns), np.rot90(image, turns), atol=DOUBLE)
        assert np.array_equal(rotate(image, 90 * turns, interp_type="nearest"), np.rot90(image, turns))
        about_z = rotate(image[None], 90 * turns, (0, 0, 3), interp_type="nearest")
        assert np.array_equal(about_z[0], np.rot90(image, -turns))
    volume = random.standard_normal((3, 4, 5))
    about_x = rotate(volume, 90, (1, 0, 0), interp_type="nearest")
    assert np.array_equal(about_x, rotate(volume, -90, (-2, 0, 0), interp_type="nearest"))


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_complex_numbers_by_their_parts_and_leading_axes_one_by_one(random, interpolation):
    volume = random.standard_normal((2, 3, 4, 5, 6)) + 1j * random.standard_normal((2, 3, 4, 5, 6))
    _, matrix, size = warp_case(random, 3)
    found = warp_affine(volume, matrix, size, interp_type=interpolation, fill_value=2 - 3j)
    assert found.shape == (2, 3, *size) and found.dtype == np.complex128
    for index in np.ndindex(2, 3):
        for part, fill in (("real", 2), ("imag", -3)):
            alone = warp_affine(getattr(volume[index], part), matrix, size, interp_type=interpolation, fill_value=fill)
            assert np.allclose(getattr(found[index], part), alone, atol=DOUBLE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.complex64, torch.bool, torch.int8, torch.uint16, torch.int64])
def test_the_type_stays_and_nothing_is_written_to(dtype):
    volume = torch.tensor([[0, 1, 1, 0], [1, 0, 1, 1]]).to(dtype)
    given = volume.clone()
    for interpolation in ("linear", "nearest"):
        for fill in (None, 1):
            found = warp_affine(volume, [1, 0, -1, 0, 1, 0], interp_type=interpolation, fill_value=fill)
            assert found.dtype == dtype and torch.allclose(found[:, 1:].cfloat(), volume[:, :3].cfloat(), atol=1e-5)
            assert fill is None or (found[:, 0] == 1).all()
    assert torch.equal(volume, given)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: CPU and CUDA are not compared")
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_a_gpu_warps_alike(random, interpolation):
    volume = torch.from_numpy(random.standard_normal((2, 20, 31, 42)).astype(np.complex64))
    for fill in (None, 1.5):
        found = rotate(volume.cuda(), 33.3, (1, 2, 3), interp_type=interpolation, fill_value=fill)
        expected = rotate(volume, 33.3, (1, 2, 3), interp_type=interpolation, fill_value=fill)
        assert found.is_cuda and (found.cpu() - expected).abs().max() < DALI


# --- refusals


@pytest.mark.parametrize("matrix, arguments, text", [
    (np.eye(2), {}, "The matrix has the wrong shape: found (2, 2), expected 2 x 3 or 3 x 4 numbers"),
    ([1, 0, 0, 0, 1], {}, "The matrix has the wrong shape: found (5,)"),
    (np.ones((3, 3)), {}, "The matrix is not affine: found last row [1.0, 1.0, 1.0]"),
    (np.full((2, 3), np.inf), {}, "The matrix is not finite"),
    (np.eye(2, 3) * 1j, {}, "The matrix is not of real numbers: found complex128"),
    ([1, 2, 0, 2, 4, 0], dict(inverse_map=False), "The matrix is singular: found [[1.0, 2.0], [2.0, 4.0]]"),
    (np.eye(3, 4), {}, "The volume has too few axes: found shape (4, 5), expected at least 3: (z, y, x)"),
    (np.eye(2, 3), dict(size=[4, 4, 4]), "The size has the wrong length: found 3, expected 2"),
    (np.eye(2, 3), dict(size=[4, 0]), "The size is not positive: found [4, 0]"),
    (np.eye(2, 3), dict(interp_type="cubic"), "Unknown interpolation: found 'cubic', expected one of 'linear'"),
    (np.eye(2, 3), dict(fill_value=1j), "The fill_value is complex, the volume is not: found 1j")])
def test_refused_with_the_reason(matrix, arguments, text):
    with pytest.raises(InputError) as caught:
        warp_affine(np.zeros((4, 5)), matrix, **arguments)
    assert text in str(caught.value)


@pytest.mark.parametrize("arguments, text", [
    (dict(angle=3, axis=(0, 0, 0)), "The axis of rotation has no direction: found (0, 0, 0)"),
    (dict(angle=3, axis=(0, 1)), "The axis has the wrong length: found 2, expected 3"),
    (dict(angle=3, size=[4, 4], keep_size=True), "Sizes are given in two ways: found size and keep_size"),
    (dict(angle=np.nan), "The angle is not finite")])
def test_turns_refused_with_the_reason(arguments, text):
    with pytest.raises(InputError) as caught:
        rotate(np.zeros((3, 4, 5)), **arguments)
    assert text in str(caught.value)


def test_a_singular_matrix_of_the_result_is_a_map():
    image = np.arange(6.0).reshape(2, 3)
    assert np.allclose(warp_affine(image, [1, 0, 0, 0, 0, 0.5]), image[[0, 0]])
