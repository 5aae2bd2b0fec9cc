"""Images and volumes at another matrix size: separable filters, one pass per axis, with the semantics of NVIDIA DALI.

A pass is a product with a banded matrix. Its weights are computed in double precision on the host, so a CPU and a GPU
filter alike; the data stay on their device.

Where this is not what DALI 2.4 computes:
- Single precision decides there which of two voxels is nearest where both are as near, and on which side a Gaussian
  counts at its rim, where it is not 0. Here a rule does: the later voxel, the earlier side.
- A region of interest from end to start flips its axis here whatever sizes are given, as DALI's documentation says;
  its operator forgets that for open axes in the modes "default" and "stretch".
- A region that lies beyond the volume crashes DALI's operator on a CPU; here the edge voxels go on.
- Of an axis whose size rounds to the old one, `tensor_resize` forgets the scale; here, as in `resize`, it holds.
"""

import dataclasses
import math

import numpy as np
import torch
from torch.nn import functional

from raki._arrays import Array, take
from raki._resize_sizes import Sizing
from raki._volume import Numbers, check_spatial, check_word, from_real_batch, movable, to_real_batch

FILTERS = ("nearest", "linear", "cubic", "lanczos3", "gaussian", "triangular")
RADIUS = {"linear": 1, "triangular": 1, "gaussian": 1, "cubic": 2, "lanczos3": 3}  # voxels, unless scaled down
SAMPLES_PER_VOXEL = 32  # of the tables of curved filters
BLOCK = 32  # voxels of a row that one matrix product makes: wide enough for BLAS, narrow enough to skip the zeros


def resize(volume: Array, size: Numbers | None = None, *, scales: Numbers | None = None, resize_x: float | None = None,
           resize_y: float | None = None, resize_z: float | None = None, resize_shorter: float | None = None,
           resize_longer: float | None = None, dims: int | None = None, mode: str | None = None,
           max_size: Numbers | None = None, subpixel_scale: bool = True, roi_start: Numbers | None = None,
           roi_end: Numbers | None = None, roi_relative: bool = False, size_rounding: str = "round",
           alignment: Numbers = 0.5, interp_type: str = "linear", min_filter: str | None = None,
           mag_filter: str | None = None, antialias: bool = True) -> Array:
    """The volume at another matrix size. Names and rules are those of `nvidia.dali.fn.resize` and `tensor_resize`.

    `volume`: (..., z, y, x) or (..., y, x), real or complex, of any library; axes before the spatial ones are a batch.
    There are as many spatial axes as `dims` says, or else numbers in `size`, `scales`, `roi_start` or `max_size`, or
    else axes, where these are 2 or 3. Comes back as the same kind, type and device; integers rounded, halves away
    from zero, and kept in their range.

    How large, in exactly one way; fractions are allowed, a negative size flips its axis, 0 leaves it open:

    - `size`: voxels per axis, (z, y, x); one number for all.
    - `scales`: factors per axis, of the volume's size also where a region is given.
    - `resize_x`, `resize_y`, `resize_z`: voxels along single axes; what is not given is open.
    - `resize_shorter`, `resize_longer`: of the shortest or the longest axis; the others keep the aspect ratio.

    `mode`: "default" scales open axes by the geometric mean of the others' scales, "stretch" leaves them;
    "not_larger" and "not_smaller" keep the aspect ratio so that no axis exceeds, or falls short of, what was asked for.
    `max_size`: no axis gets larger, per axis or one for all.
    `size_rounding` ("round", "truncate", "ceil") makes sizes whole. With `subpixel_scale` the scale stays exact: the
    region of the input that is shown grows or shrinks instead, about the point that lies at `alignment` in it
    (0 its start, 1 its end).
    `roi_start`, `roi_end`: the region, in voxels from the corner of the first voxel (`roi_relative`: in sizes of the
    volume); a start behind the end flips the axis. Beyond the volume, its edge voxels go on.

    `interp_type`: "nearest", "linear", "cubic" (Keys, a = -0.5), "lanczos3", "gaussian", "triangular"; `min_filter`
    along axes that get smaller and `mag_filter` along the others replace it. With `antialias` a filter gets as wide as
    its axis is scaled down ("linear" then is "triangular"); without, it keeps its width. Weights are normalised.

    Raises `InputError` for sizes given in no single way or of another length, and for unknown words.
    """
    tensor, kind = take(volume, "volume")
    sizing = Sizing(size, scales, resize_x, resize_y, resize_z, resize_shorter, resize_longer, dims, mode, max_size,
                    subpixel_scale, roi_start, roi_end, roi_relative, size_rounding, alignment)
    for name in (interp_type, min_filter or interp_type, mag_filter or interp_type):
        check_word(name, FILTERS, "filter")
    dims = sizing.spatial_dims(tensor.ndim)
    shape = check_spatial(tensor, dims)
    filters = Filters(min_filter or interp_type, mag_filter or interp_type, antialias)
    return kind.give(_resample(tensor, dims, [filters.taps(n, axis) for n, axis in zip(shape, sizing.axes(shape))]))


@dataclasses.dataclass(frozen=True)
class Taps:
    """One axis: voxel i of the result is the sum over k of weights[i, k] times voxel voxels[i, k] of the input.

    Without weights it is voxel voxels[i, 0].
    """

    voxels: np.ndarray
    weights: np.ndarray | None = None

    def is_identity(self, n):
        if len(self.voxels) != n:
            return False
        ones = 1 if self.weights is None else self.weights
        return np.array_equal(np.where(ones != 0, self.voxels, np.arange(n)[:, None]), np.arange(n)[:, None] + 0 * ones)


@dataclasses.dataclass(frozen=True)
class Filters:
    """The filter for axes that get smaller, the one for the others, and whether the first widens with the scale."""

    smaller: str
    larger: str
    antialias: bool

    def taps(self, n, axis):
        """Taps along an axis of n voxels."""
        shrinks = axis.size < axis.extent
        name = self.smaller if shrinks else self.larger
        step = (axis.end - axis.start) / axis.size
        centres = axis.start + (np.arange(axis.size) + 0.5) * step
        if name == "nearest":
            return Taps(np.clip(np.floor(_settled(centres)), 0, n - 1).astype(np.int64)[:, None])
        radius = RADIUS[name] * (abs(step) if shrinks and self.antialias else 1)
        # From the first voxel whose centre is in the window; on the rim it counts at the start, not at the end.
        rim = centres - 0.5 - radius
        first = np.ceil(_settled(rim))
        voxels = first[:, None] + np.arange(math.ceil(_settled(2 * radius)))
        weights = window(name, (voxels - rim[:, None]) / radius)
        weights /= weights.sum(1, keepdims=True)
        return Taps(np.clip(voxels, 0, n - 1).astype(np.int64), weights)


def _settled(positions):
    """Positions in voxels without the errors of their computation, so that a rule decides between voxels as near."""
    return np.round(positions, 9)


def window(name, position):
    """A filter's values at positions from 0 (one rim) to 2 (the other), its centre at 1; not normalised.

    The curved ones are read from a table, linearly, as DALI does; behind its last entry a table falls to 0 in one step.
    """
    if name in ("linear", "triangular"):
        return np.maximum(0, 1 - np.abs(position - 1))
    table = _table(name)
    entries = len(table) - 1
    return np.interp(position * entries / 2, np.arange(entries + 2), np.append(table, 0), right=0)


def _table(name):
    radius = RADIUS[name]
    x = np.arange(-radius * SAMPLES_PER_VOXEL, radius * SAMPLES_PER_VOXEL + 1) / SAMPLES_PER_VOXEL
    if name == "gaussian":
        return np.exp(-4 * x * x)
    if name == "lanczos3":
        return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    x = np.abs(x)
    return np.where(x > 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 1.5 * x**3 - 2.5 * x**2 + 1)


def _resample(tensor, dims, taps):
    """All passes: gathers of nearest voxels first, then filters, the strongest reduction before the others."""
    lead = tensor.ndim - dims
    for axis, each in enumerate(taps):
        if each.weights is None:
            voxels = torch.from_numpy(each.voxels[:, 0]).to(tensor.device)
            tensor = movable(tensor).index_select(lead + axis, voxels).view(tensor.dtype)
    filtered = [a for a, t in enumerate(taps) if t.weights is not None and not t.is_identity(tensor.shape[lead + a])]
    if not filtered:
        return tensor.clone()
    batch = to_real_batch(tensor, dims)
    for axis in sorted(filtered, key=lambda a: len(taps[a].voxels) / tensor.shape[lead + a]):
        batch = _filter(batch, 1 + axis, taps[axis])
    return from_real_batch(batch, tensor, dims)


def _filter(batch, axis, taps):
    """One axis of a batch. Rows, planes or columns of voxels add up by their weights; voxels of a row are a product."""
    if axis == batch.ndim - 1:
        return _filter_rows(batch, taps)
    n, size, lead = batch.shape[axis], len(taps.voxels), math.prod(batch.shape[:axis])
    planes = batch.reshape(lead * n, math.prod(batch.shape[axis + 1 :]))
    voxels = torch.from_numpy(taps.voxels).to(batch.device) + n * torch.arange(lead, device=batch.device)[:, None, None]
    weights = torch.from_numpy(taps.weights).to(batch).repeat(lead, 1)
    result = functional.embedding_bag(voxels.flatten(0, 1), planes, per_sample_weights=weights, mode="sum")
    return result.reshape(*batch.shape[:axis], size, *batch.shape[axis + 1 :])


def _filter_rows(batch, taps):
    """The last axis, as products with the blocks of a banded matrix."""
    result = batch.new_empty(*batch.shape[:-1], len(taps.voxels))
    for begin in range(0, len(taps.voxels), BLOCK):
        low, block = _block(taps, slice(begin, begin + BLOCK))
        source = batch[..., low : low + block.shape[1]]
        result[..., begin : begin + BLOCK] = source @ torch.from_numpy(block).to(batch).T
    return result


def _block(taps, some):
    """(first voxel, dense matrix) of some rows; taps that were clamped to the same edge voxel add up."""
    voxels, weights = taps.voxels[some], taps.weights[some]
    low = voxels.min()
    matrix = np.zeros((len(voxels), voxels.max() - low + 1))
    np.add.at(matrix, (np.arange(len(voxels))[:, None], voxels - low), weights)
    return low, matrix
