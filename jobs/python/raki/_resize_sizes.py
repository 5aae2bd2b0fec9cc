"""How large the result of a resize is, and which part of the input it shows: DALI's rules, on plain numbers."""

import dataclasses
import math

import numpy as np

from raki._errors import InputError
from raki._volume import check_word, numbers, round_half_away

MODES = ("default", "stretch", "not_larger", "not_smaller")
ROUNDINGS = {"round": round_half_away, "truncate": lambda size: int(np.float32(size)),
             "ceil": lambda size: math.ceil(np.float32(size))}
SMALLEST_ROI = 1e-3  # voxels; a smaller one is widened to it about its centre
LARGEST_WIDENING = 10  # of a ROI, for the sake of an exact scale


@dataclasses.dataclass(frozen=True)
class Axis:
    """One axis of the result: `size` voxels that show the input from `start` to `end`, in voxels; start > end flips."""

    size: int
    start: float
    end: float

    @property
    def extent(self):
        return abs(self.end - self.start)


@dataclasses.dataclass(frozen=True)
class Sizing:
    """The arguments of `resize` that say how large, by the same names."""

    size: object = None
    scales: object = None
    resize_x: float | None = None
    resize_y: float | None = None
    resize_z: float | None = None
    resize_shorter: float | None = None
    resize_longer: float | None = None
    dims: int | None = None
    mode: str | None = None
    max_size: object = None
    subpixel_scale: bool = True
    roi_start: object = None
    roi_end: object = None
    roi_relative: bool = False
    size_rounding: str = "round"
    alignment: object = 0.5

    def __post_init__(self):
        ways = self.ways()
        if len(ways) != 1:
            raise InputError("Sizes are given in no single way", " and ".join(ways) or "none",
                             "one of size, scales, resize_x with resize_y and resize_z, resize_shorter, resize_longer")
        if self.mode is not None:
            check_word(self.mode, MODES, "mode")
            if "resize_shorter" in ways or "resize_longer" in ways:
                raise InputError("A mode does not go with " + ways[0], repr(self.mode), "no mode",
                                 advice="resize_shorter is not_smaller for all axes, resize_longer not_larger")
            if "scales" in ways and self.mode.startswith("not_"):
                raise InputError("This mode needs sizes, not scales", repr(self.mode), "'default' or 'stretch'")
        if (self.roi_start is None) != (self.roi_end is None):
            raise InputError("Half of a region of interest", "roi_start" if self.roi_end is None else "roi_end",
                             "roi_start and roi_end, or neither")
        check_word(self.size_rounding, tuple(ROUNDINGS), "size_rounding")

    def ways(self):
        single = ("size", "scales", "resize_shorter", "resize_longer")
        axes = [name for name in ("resize_x", "resize_y", "resize_z") if getattr(self, name) is not None]
        return [name for name in single if getattr(self, name) is not None] + [", ".join(axes)] * bool(axes)

    def spatial_dims(self, ndim):
        """2 or 3: `dims`, else the length of what is given per axis, else the number of axes of the array."""
        if self.dims is not None:
            return self.dims
        for values in (self.size, self.scales, self.roi_start, self.roi_end, self.max_size):
            if values is not None and np.ndim(values) == 1:
                return len(values)
        if ndim not in (2, 3):
            raise InputError("Which axes are spatial is not said", f"{ndim} axes and no sizes per axis",
                             "dims=2 or dims=3")
        return ndim

    def axes(self, shape):
        """[Axis] for the spatial axes of these sizes."""
        dims = len(shape)
        regions = self._regions(shape)
        requested = self._requested(shape)
        flips = [(size < 0) != (end < start) for size, (start, end) in zip(requested, regions)]
        extents = [abs(end - start) for start, end in regions]
        limits = None if self.max_size is None else numbers(self.max_size, dims, "max_size")
        if limits is not None and min(limits) <= 0:
            raise InputError("The max_size is not positive", repr(self.max_size))
        sizes = completed([abs(size) for size in requested], extents, self._mode(), limits)
        alignment = numbers(self.alignment, dims, "alignment")
        return [self._axis(*each) for each in zip(sizes, regions, flips, alignment)]

    def _mode(self):
        if self.resize_shorter is not None:
            return "not_smaller"
        return "not_larger" if self.resize_longer is not None else self.mode or "default"

    def _regions(self, shape):
        """[(start, end)] of the input in voxels; the whole of it without a region of interest."""
        if self.roi_start is None:
            return [(0.0, float(n)) for n in shape]
        starts, ends = (numbers(getattr(self, name), len(shape), name) for name in ("roi_start", "roi_end"))
        regions = []
        for start, end, n in zip(starts, ends, shape):
            if self.roi_relative:
                start, end = start * n, end * n
            if abs(end - start) < SMALLEST_ROI:
                half = math.copysign(SMALLEST_ROI / 2, end - start)
                start, end = start - half, end + half
            regions.append((start, end))
        return regions

    def _requested(self, shape):
        """Sizes as they were asked for: fractions allowed, negative to flip, 0 where left open."""
        dims = len(shape)
        if self.size is not None:
            return numbers(self.size, dims, "size")
        if self.scales is not None:
            return [factor * n for factor, n in zip(numbers(self.scales, dims, "scales"), shape)]
        for name in ("resize_shorter", "resize_longer"):
            if getattr(self, name) is not None:
                return numbers(getattr(self, name), dims, name)
        if dims == 2 and self.resize_z is not None:
            raise InputError("A size along z of an image without z", f"resize_z={self.resize_z}",
                             "resize_x and resize_y", advice="dims=3 makes the last three axes spatial")
        by_name = [("resize_z", self.resize_z), ("resize_y", self.resize_y), ("resize_x", self.resize_x)][-dims:]
        return [0.0 if value is None else numbers(value, 1, name)[0] for name, value in by_name]

    def _axis(self, size, region, flip, alignment):
        """Rounds the size and, for an exact scale, widens or narrows the region about its aligned point."""
        start, end = sorted(region, reverse=flip)
        rounded = max(1, ROUNDINGS[self.size_rounding](size))
        if self.subpixel_scale and rounded != size:
            factor = min(rounded / size, LARGEST_WIDENING)
            fixed = (1 - alignment) * start + alignment * end
            start, end = fixed + (start - fixed) * factor, fixed + (end - fixed) * factor
        return Axis(rounded, start, end)


def completed(sizes, extents, mode, limits):
    """Sizes by the mode, open ones (0) filled in, for regions of these extents; all positive."""
    scales = [size / extent for size, extent in zip(sizes, extents) if size]
    if not scales:
        return list(extents)
    if mode in ("default", "stretch"):
        common = math.prod(scales) ** (1 / len(scales)) if mode == "default" else 1
        sizes = [size or extent * common for size, extent in zip(sizes, extents)]
        return [min(pair) for pair in zip(sizes, limits)] if limits else sizes
    common = max(scales) if mode == "not_smaller" else min(scales)
    if limits:
        common = min(common, *(limit / extent for limit, extent in zip(limits, extents)))
    return [extent * common for extent in extents]
