"""What the volumetric operators share: checks of their arguments, the numbers they compute in, and the way back.

Spatial axes are the last 2 (y, x) or 3 (z, y, x) of an array; all axes before them are a batch.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch

from raki._errors import InputError

Numbers = float | Sequence[float] | np.ndarray  # one for all axes, or one for each
EXACT_IN_FLOAT32 = {torch.float32, torch.float16, torch.bfloat16, torch.bool, torch.uint8, torch.int8, torch.uint16,
                    torch.int16}
SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


def check_spatial(tensor, dims, noun="volume"):
    """The spatial sizes, where there are `dims` of them and none is empty."""
    if dims not in (2, 3):
        raise InputError("The number of spatial axes is not supported", str(dims), "2 or 3")
    if tensor.ndim < dims:
        raise InputError(f"The {noun} has too few axes", f"shape {tuple(tensor.shape)}",
                         f"at least {dims}: {'(z, y, x)' if dims == 3 else '(y, x)'}")
    shape = tuple(tensor.shape[-dims:])
    if 0 in shape:
        raise InputError(f"The {noun} is empty", f"spatial axes of {shape}", "at least one voxel along each")
    return shape


def check_word(value, allowed, noun):
    if value not in allowed:
        raise InputError(f"Unknown {noun}", repr(value), "one of " + ", ".join(repr(word) for word in allowed))
    return value


def numbers(values, count, noun):
    """`count` finite floats from that many, or from one for all; count None takes as many as there are."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.ndim > 1:
        raise InputError(f"The {noun} is no list of numbers", repr(values))
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise InputError(f"The {noun} is not finite", repr(values))
    if array.ndim == 0:
        return [float(array)] * (count or 1)
    if count is not None and len(array) != count:
        raise InputError(f"The {noun} has the wrong length", str(len(array)), f"{count}, one for each spatial axis")
    return array.tolist()


def round_half_away(value):
    """To the nearest integer, halves away from zero. Of a float32, so that 30 * 0.1 is 3 whatever its last bits are."""
    value = float(np.float32(value))
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def working_dtype(dtype):
    """float32 wherever it holds every value of this type, else float64; complex numbers by their parts."""
    real = dtype.to_real() if dtype.is_complex else dtype
    return torch.float32 if real in EXACT_IN_FLOAT32 else torch.float64


def movable(tensor):
    """The same bits as a type that torch can gather and choose from: of unsigned integers, the signed one."""
    return tensor.view(SIGNED[tensor.dtype]) if tensor.dtype in SIGNED else tensor


def to_real_batch(tensor, dims):
    """(batch, *spatial) in the working type. Real and imaginary parts of complex numbers lead the batch."""
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj()).movedim(-1, 0)
    batch = tensor.to(working_dtype(tensor.dtype))
    return batch.reshape(-1, *tensor.shape[-dims:])


def from_real_batch(batch, given, dims):
    """The way back, for a result of other spatial sizes; integers are rounded and kept in their range."""
    shape = given.shape[:-dims] + batch.shape[1:]
    if given.is_complex():
        parts = batch.reshape(2, *shape).to(given.dtype.to_real())
        return torch.complex(parts[0], parts[1])
    return saturate(batch.reshape(shape), given.dtype)


def saturate(values, dtype):
    """Floats as `dtype`: integers to the nearest, halves away from zero, and no further than the type's range."""
    if dtype.is_floating_point:
        return values.to(dtype)
    low, high = (0, 1) if dtype == torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)
    if int(float(high)) > high:  # of 64 bits: the next double is out of range
        high = float(np.nextafter(float(high), 0))
    return (values.abs() + 0.5).floor().copysign(values).clamp(low, high).to(dtype)
