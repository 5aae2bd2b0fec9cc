"""Images and volumes through an affine map, with the semantics of NVIDIA DALI.

Coordinates have their origin at the corner of the first voxel, whose centre is at 0.5. Matrices and axes of rotation
are in the order x, y, z; sizes in that of the array, z, y, x.

Coordinates of nearest voxels are in double precision here and in single precision in DALI: one that lies on the border
of two voxels, as by a turn of 45 degrees, may fall to either.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from raki._arrays import Array, take
from raki._errors import InputError
from raki._volume import (Numbers, check_spatial, check_word, from_real_batch, movable, numbers, round_half_away,
                          saturate, to_real_batch)

INTERPOLATIONS = ("linear", "nearest")
SLAB = {"cpu": 1 << 18, "cuda": 1 << 22}  # voxels at once: for a CPU's caches, and to fill a GPU
CANVAS_SLACK = 0.01  # voxels that a rotated volume may stand out of its canvas


def warp_affine(volume: Array, matrix: Any, size: Numbers | None = None, *, inverse_map: bool = True,
                interp_type: str = "linear", fill_value: float | None = None) -> Array:
    """The volume through an affine map, as `nvidia.dali.fn.warp_affine` does it.

    `volume`: (..., z, y, x) or (..., y, x), real or complex, of any library; axes before the spatial ones are a batch.
    `matrix`: for 2 spatial axes 2 x 3 (or its 6 numbers, or 3 x 3 with a last row 0 0 1), for 3 of them 3 x 4 (or 12
    numbers, or 4 x 4), in x, y, z order and voxels. It takes coordinates of the result to coordinates of the input, or
    with `inverse_map=False` of the input to the result; that one must not be singular.
    `size`: of the result, (z, y, x) or (y, x), rounded; that of the volume where not given.
    `interp_type`: "linear" between the nearest voxels, not antialiased, or "nearest".
    `fill_value`: of voxels beyond the volume, each of those that a result is interpolated from; without, the edge
    voxels go on. Integers take it rounded and within their range.

    Comes back as the same kind, type and device; integers rounded, halves away from zero.
    Raises `InputError` for matrices and sizes of another shape, singular matrices and unknown words.
    """
    tensor, kind = take(volume, "volume")
    matrix = _affine(matrix)
    dims = len(matrix)
    shape = check_spatial(tensor, dims)
    size = shape if size is None else _size(size, dims)
    if not inverse_map:
        matrix = _inverse(matrix)
    return kind.give(_warp(tensor, matrix, size, interp_type, fill_value))


def rotate(volume: Array, angle: float, axis: Sequence[float] | None = None, *, size: Numbers | None = None,
           keep_size: bool = False, interp_type: str = "linear", fill_value: float | None = None) -> Array:
    """The volume turned about its centre, as `nvidia.dali.fn.rotate` does it.

    `volume`: (..., y, x) without an axis, (..., z, y, x) with one; real or complex, of any library.
    `angle`: degrees. Of an image counter-clockwise as it is seen on a screen, its first row on top; of a volume
    right-handed about `axis`, a vector (x, y, z) of any length but 0.
    `size`: of the result. Without it, as large as the turned volume needs; an even axis stays even and an odd one odd,
    wherever the axis then points. `keep_size`: that of the volume.
    `interp_type`, `fill_value`: as of `warp_affine`.

    Raises `InputError` for an axis without direction, a size together with `keep_size`, and as `warp_affine`.
    """
    tensor, kind = take(volume, "volume")
    (degrees,) = numbers(angle, 1, "angle")
    dims = 2 if axis is None else 3
    shape = check_spatial(tensor, dims)
    if size is not None and keep_size:
        raise InputError("Sizes are given in two ways", "size and keep_size", "one of them")
    direction = None if axis is None else _direction(axis)
    if size is not None:
        size = _size(size, dims)
    else:
        size = shape if keep_size else canvas(shape, degrees, direction)
    turn = rotation(math.radians(-degrees if dims == 3 else degrees), direction)
    centre, middle = (np.array(s[::-1]) / 2 for s in (shape, size))
    matrix = np.column_stack([turn, centre - turn @ middle])
    return kind.give(_warp(tensor, matrix, size, interp_type, fill_value))


def rotation(radians, direction=None):
    """The matrix that turns (x, y), or (x, y, z) right-handed about a unit vector."""
    sine, cosine = (0.0 if abs(v) < 1e-15 else v for v in (math.sin(radians), math.cos(radians)))  # quarter turns exact
    if direction is None:
        return np.array([[cosine, -sine], [sine, cosine]])
    x, y, z = direction
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return cosine * np.eye(3) + sine * cross + (1 - cosine) * np.outer(direction, direction)


def canvas(shape, degrees, direction=None):
    """The sizes a turned volume needs, each as even or odd as the axis of the volume that lies along it the most."""
    # DALI's precision: at 45 degrees two axes lie along one as much, and the last bit decides.
    share = np.abs(rotation(float(np.float32(math.radians(degrees))), direction))
    if direction is not None:
        share = share.astype(np.float32)
    given = np.array(shape[::-1])
    needed = np.ceil(share.astype(float) @ given - CANVAS_SLACK).astype(int)
    own = np.diag(share)
    dominant = np.where(share.max(1) > own, share.argmax(1), np.arange(len(shape)))
    needed += (needed % 2) ^ (given[dominant] % 2)
    return tuple(needed[::-1].tolist())


def _direction(axis):
    vector = np.array(numbers(axis, 3, "axis"))
    length = np.linalg.norm(vector)
    if length == 0:
        raise InputError("The axis of rotation has no direction", str(axis), "(x, y, z), not all 0")
    return vector / length


def _size(size, dims):
    rounded = tuple(round_half_away(n) for n in numbers(size, dims, "size"))
    if min(numbers(size, dims, "size")) <= 0:
        raise InputError("The size is not positive", str(size))
    return tuple(max(1, n) for n in rounded)


def _affine(matrix):
    """2 x 3 or 3 x 4 in double."""
    array = np.asarray(matrix.detach().cpu() if isinstance(matrix, torch.Tensor) else matrix)
    expected = "2 x 3 or 3 x 4 numbers (flat, or with a last row 0 0 1 or 0 0 0 1)"
    if array.dtype.kind not in "iuf":
        raise InputError("The matrix is not of real numbers", str(array.dtype), expected)
    array = array.astype(float)
    if array.shape in ((6,), (12,)):
        array = array.reshape({6: (2, 3), 12: (3, 4)}[array.size])
    if array.shape in ((3, 3), (4, 4)):
        if not np.array_equal(array[-1], np.eye(len(array))[-1]):
            raise InputError("The matrix is not affine", f"last row {array[-1].tolist()}", expected)
        array = array[:-1]
    if array.shape not in ((2, 3), (3, 4)):
        raise InputError("The matrix has the wrong shape", str(array.shape), expected)
    if not np.isfinite(array).all():
        raise InputError("The matrix is not finite", str(array.tolist()))
    return array


def _inverse(matrix):
    linear, shift = matrix[:, :-1], matrix[:, -1]
    if np.linalg.matrix_rank(linear) < len(linear):
        raise InputError("The matrix is singular", str(linear.tolist()), "one with an inverse", "",
                         "inverse_map=True takes a matrix from the result to the input")
    inverse = np.linalg.inv(linear)
    return np.column_stack([inverse, -inverse @ shift])


def _warp(tensor, matrix, size, interp_type, fill_value):
    check_word(interp_type, INTERPOLATIONS, "interpolation")
    fill = None if fill_value is None else _fill(fill_value, tensor)
    return (_nearest if interp_type == "nearest" else _linear)(tensor, matrix, size, fill)


def _fill(value, tensor):
    """The fill value in the volume's type."""
    if isinstance(value, complex) and not tensor.is_complex():
        raise InputError("The fill_value is complex, the volume is not", str(value), "a real number")
    scalar = torch.tensor(value, device=tensor.device)
    return scalar.to(tensor.dtype) if tensor.is_complex() else saturate(scalar.double(), tensor.dtype)


def _slabs(size, device):
    """Ranges of the first axis of the result with at most SLAB voxels each."""
    rows = max(1, SLAB.get(device.type, SLAB["cuda"]) // math.prod(size[1:]))
    return [slice(begin, min(begin + rows, size[0])) for begin in range(0, size[0], rows)]


def _coordinates(matrix, size, slab, like):
    """The input's coordinates x, y(, z) of a slab of the result: sums over the result's axes, in the slab's shape."""
    centres = [np.arange(n) + 0.5 for n in size]
    centres[0] = centres[0][slab]
    for row in matrix:
        total = row[-1]
        for axis, (factor, along) in enumerate(zip(row[-2::-1], centres)):
            shape = [-1 if a == axis else 1 for a in range(len(size))]
            total = total + torch.from_numpy(factor * along).to(like).reshape(shape)
        yield total


def _linear(tensor, matrix, size, fill):
    dims = len(size)
    batch = to_real_batch(tensor, dims)
    result = batch.new_empty(len(batch), *size)
    lengths = np.array(tensor.shape[: -dims - 1 : -1])
    for slab in _slabs(size, tensor.device):
        voxels = list(_coordinates(matrix, size, slab, batch))
        grid = torch.stack([2 / n * at - 1 for n, at in zip(lengths.tolist(), voxels)], -1)
        part = functional.grid_sample(batch[None], grid[None], mode="bilinear", align_corners=False,
                                      padding_mode="border" if fill is None else "zeros")[0]
        if fill is not None:
            part = _fill_outside(part, fill, voxels, lengths)
        result[:, slab] = part
    return from_real_batch(result, tensor, dims)


def _fill_outside(part, fill, voxels, lengths):
    """Adds the fill value by the share that a voxel's taps have beyond the volume."""
    inside = 1
    for n, at in zip(lengths.tolist(), voxels):
        inside = inside * torch.minimum(at + 0.5, n + 0.5 - at).clamp(0, 1)
    if fill.is_complex():
        fills = torch.view_as_real(fill).to(part).repeat_interleave(len(part) // 2)
    else:
        fills = fill.to(part).expand(len(part))
    missing = (fills[(...,) + (None,) * inside.ndim] * (1 - inside)).where(inside < 1, 0)
    return part + missing


def _nearest(tensor, matrix, size, fill):
    """The voxel in which a coordinate lies: a gather of our own, as grid_sample rounds halves to even instead."""
    dims = len(size)
    lead, lengths = tensor.shape[:-dims], tensor.shape[-dims:]
    flat = movable(tensor.reshape(-1, math.prod(lengths)))
    result = flat.new_empty(len(flat), *size)
    like = torch.empty(0, dtype=torch.float64, device=tensor.device)
    for slab in _slabs(size, tensor.device):
        index, inside = 0, True
        for n, along in zip(lengths, reversed(list(_coordinates(matrix, size, slab, like)))):
            voxel = along.floor().clamp(-1, n).long()
            inside = inside & (voxel >= 0) & (voxel < n)
            index = index * n + voxel.clamp(0, n - 1)
        part = flat.index_select(1, index.flatten()).reshape(len(flat), *index.shape)
        result[:, slab] = part if fill is None else torch.where(inside, part, movable(fill))
    return result.view(tensor.dtype).reshape(*lead, *size)
