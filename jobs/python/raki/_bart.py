"""BART's order of axes: x, y, z, coils first to last and the first fastest, which in memory is (..., coil, z, y, x)."""

from raki import _arrays
from raki._arrays import Array
from raki._errors import InputError

_KSPACE_AXES = 4


def from_bart(array: Array, readout: int = 0) -> Array:
    """A BART array (x, y, z, coil, ...) as (..., coil, z, y, x): its axes in the other order. A view, not a copy.

    readout   0 or 1: which of the first two axes is the readout, and becomes x
    Axes of size 1 after the coils are dropped; fewer than four axes are filled up with ones.
    """
    tensor, kind = _arrays.take(array, "BART array")
    while tensor.dim() < _KSPACE_AXES:
        tensor = tensor.unsqueeze(-1)
    while tensor.dim() > _KSPACE_AXES and tensor.shape[-1] == 1:
        tensor = tensor.squeeze(-1)
    if readout == 1:
        tensor = tensor.transpose(0, 1)
    if readout not in (0, 1) or tensor.shape[0] == 1:
        raise InputError("There is no readout along this axis", f"readout={readout}, {tuple(array.shape)}", "0 or 1", "",
                         "Arrays with other axes: read_scan(path, axes=...)")
    return kind.give(tensor.permute(*range(tensor.dim() - 1, -1, -1)))


def to_bart(array: Array) -> Array:
    """(..., coil, z, y, x) as BART has it, (x, y, z, coil, ...). A view; (coil, y, x) is taken as one slice."""
    tensor, kind = _arrays.take(array, "k-space")
    if tensor.dim() == _KSPACE_AXES - 1:
        tensor = tensor.unsqueeze(-3)
    return kind.give(tensor.permute(*range(tensor.dim() - 1, -1, -1)))
