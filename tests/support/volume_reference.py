"""The rules of raki's volumetric operators once more, in plain loops and double precision, and random cases of them."""

import itertools
import math

import numpy as np

SAME = 9  # decimals: positions that agree in these are the same


# --- resize: sizes


def result_axes(shape, size, mode="default", max_size=None, subpixel_scale=True, roi_start=None, roi_end=None,
                roi_relative=False):
    """[(size, start, end)] per axis; start > end where the axis is flipped."""
    unit = shape if roi_relative else [1] * len(shape)
    starts = [0] * len(shape) if roi_start is None else [a * u for a, u in zip(roi_start, unit)]
    ends = list(shape) if roi_end is None else [a * u for a, u in zip(roi_end, unit)]
    extents = [abs(e - s) for s, e in zip(starts, ends)]
    scales = [abs(n) / e for n, e in zip(size, extents)]
    given = [s for s in scales if s > 0]
    axes = []
    for n, start, end, extent, scale in zip(size, starts, ends, extents, scales):
        if not given:
            scale = 1
        elif mode == "not_larger":
            scale = min(given)
        elif mode == "not_smaller":
            scale = max(given)
        elif scale == 0:
            scale = 1 if mode == "stretch" else np.exp(np.mean(np.log(given)))
        axes.append([scale * extent, min(start, end), max(start, end), (n < 0) != (end < start)])
    if max_size is not None and given:
        excess = [want / limit for (want, *_), limit in zip(axes, max_size)]
        for axis, over in zip(axes, excess):
            axis[0] /= max(1, max(excess) if mode.startswith("not_") else over)
    return [_whole(*axis, subpixel_scale) for axis in axes]


def _whole(want, start, end, flip, subpixel_scale):
    size = max(1, math.floor(float(np.float32(want)) + 0.5))
    if subpixel_scale:
        middle, half = (start + end) / 2, (end - start) / 2 * min(size / want, 10)
        start, end = middle - half, middle + half
    return (size, end, start) if flip else (size, start, end)


# --- resize: values


def resample(volume, axes, smaller, larger, antialias=True):
    """A volume of real numbers along all its axes, one after another."""
    for axis, (size, start, end) in enumerate(axes):
        shrinks = size < abs(end - start)
        name = smaller if shrinks else larger
        wider = abs(end - start) / size if shrinks and antialias else 1
        volume = np.apply_along_axis(_line, axis, volume, size, start, end, name, wider)
    return volume


def _line(line, size, start, end, name, wider):
    result = []
    for i in range(size):
        at = start + (i + 0.5) * (end - start) / size
        if name == "nearest":
            result.append(_edge(line, math.floor(round(at, SAME))))
            continue
        reach = {"cubic": 2, "lanczos3": 3}.get(name, 1) * wider
        # Voxels whose centre is within reach; of two on the rims only the first, but a last one beyond the rim that
        # a whole number of taps reaches.
        first = math.ceil(round(at - 0.5 - reach, SAME))
        taps = range(first, first + math.ceil(round(2 * reach, SAME)))
        weights = [_weight(name, (tap + 0.5 - at) / wider) for tap in taps]
        result.append(sum(w * _edge(line, tap) for w, tap in zip(weights, taps)) / sum(weights))
    return np.array(result)


def _edge(line, voxel):
    return line[min(max(voxel, 0), len(line) - 1)]


def _weight(name, x):
    """Of a filter not widened, x voxels from its centre: read between 32 entries per voxel where it is curved."""
    if name in ("linear", "triangular"):
        return max(0, 1 - abs(x))
    below = math.floor(32 * x) / 32
    share = 32 * x - 32 * below
    return (1 - share) * _curve(name, below) + share * _curve(name, below + 1 / 32)


def _curve(name, x):
    reach = {"cubic": 2, "lanczos3": 3, "gaussian": 1}[name]
    if abs(x) > reach:
        return 0
    if name == "gaussian":
        return math.exp(-((2 * x) ** 2))
    if name == "lanczos3":
        return 1 if x == 0 else 3 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2
    a, x = -0.5, abs(x)
    return (a + 2) * x**3 - (a + 3) * x**2 + 1 if x <= 1 else a * (x**3 - 5 * x**2 + 8 * x - 4)


def has_ties(axes, reach, near=1e-3):
    """Whether a voxel lies as far from one of the result as its filter reaches (0: nearest): a last bit decides."""
    for size, start, end in axes:
        step = abs(end - start) / size
        widened = abs(2 * reach * step - round(2 * reach * step)) < near and step > 1  # the number of taps is a tie
        for r in {reach, reach * step} if reach else {0.5}:
            rims = start + (np.arange(size) + 0.5) * (end - start) / size - 0.5 - r
            if np.abs(rims - np.round(rims)).min() < near or (reach and widened):
                return True
    return False


def resize_case(random, dims):
    """(shape, arguments): any mode, open and fractional sizes, flips, limits and regions of interest."""
    shape = tuple(int(n) for n in random.integers(3, 14, dims))
    size = [float(n) for n in random.uniform(1, 22, dims).round(int(random.integers(2)))]
    size = [n * float(random.choice([1, 1, -1])) for n in size]
    if random.random() < 0.4:
        size[random.integers(dims)] = 0.0
    more = {"mode": str(random.choice(["default", "stretch", "not_larger", "not_smaller"])),
            "subpixel_scale": bool(random.integers(2))}
    if random.random() < 0.3:
        more["max_size"] = [float(n) for n in random.uniform(4, 16, dims).round(1)]
    if random.random() < 0.5:
        relative = bool(random.integers(2))
        roi = np.stack([random.uniform(0, 0.4, dims), random.uniform(0.6, 1, dims)])
        turned = random.integers(dims)
        if random.random() < 0.5 and size[turned]:
            roi[:, turned] = roi[::-1, turned]
        roi = roi if relative else roi * shape
        more |= {"roi_start": roi[0].tolist(), "roi_end": roi[1].tolist(), "roi_relative": relative}
    return shape, {"size": size, **more}


# --- warp and rotate


def warp(volume, matrix, size, interpolation, fill=None):
    """matrix: (x, y, z) of the result to that of the volume, corner coordinates; fill None: the edge goes on."""
    result = np.empty(size, np.result_type(volume, float))
    for index in np.ndindex(*size):
        centre = np.array(index[::-1]) + 0.5
        at = (matrix[:, :-1] @ centre + matrix[:, -1])[::-1]
        if interpolation == "nearest":
            result[index] = _voxel(volume, np.floor(at).astype(int), fill)
            continue
        low = np.floor(at - 0.5).astype(int)
        share = at - 0.5 - low
        result[index] = sum(np.prod(np.where(corner, share, 1 - share)) * _voxel(volume, low + corner, fill)
                            for corner in itertools.product((0, 1), repeat=volume.ndim))
    return result


def _voxel(volume, index, fill):
    inside = np.clip(index, 0, np.array(volume.shape) - 1)
    return volume[tuple(inside)] if fill is None or np.array_equal(inside, index) else fill


def rotation(degrees, axis=None):
    """Of the result to the volume, about the origin, by what happens to the unit vectors."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    if axis is None:
        return np.array([[c, -s], [s, c]])  # y points down: clockwise on a screen, from the result to the volume
    axis = np.array(axis) / np.linalg.norm(axis)
    turned = [e * c - np.cross(axis, e) * s + axis * (axis @ e) * (1 - c) for e in np.eye(3)]  # by the angle reversed
    return np.stack(turned, 1)


# --- objects


def object_boxes(labels, label):
    """{(start..., end...)} of the regions of a label, by flooding them over their faces."""
    left = set(map(tuple, np.argwhere(labels == label)))
    boxes = []
    while left:
        region, edge = [], [left.pop()]
        while edge:
            voxel = edge.pop()
            region.append(voxel)
            for axis, step in itertools.product(range(labels.ndim), (-1, 1)):
                beside = voxel[:axis] + (voxel[axis] + step,) + voxel[axis + 1 :]
                if beside in left:
                    left.remove(beside)
                    edge.append(beside)
        boxes.append((*np.min(region, 0), *(np.max(region, 0) + 1)))
    return boxes
