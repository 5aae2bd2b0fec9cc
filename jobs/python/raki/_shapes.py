"""Between the axes of a user's array and the canonical ones: k-space (frame, coil, kz, ky, kx), images (frame, z, y, x)."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from raki import _arrays
from raki._engine import Sampling
from raki._errors import InputError

KSPACE_AXES = "(coil, ky, kx), (coil, kz, ky, kx) or (..., coil, kz, ky, kx)"


class Axes:
    """How many axes an array had before its coils, and whether it had kz."""

    def __init__(self, leading: Sequence[int], has_z: bool):
        self.leading, self.has_z = tuple(leading), has_z

    def _given_back(self, tensor: torch.Tensor, kept: int) -> torch.Tensor:
        """A tensor (frame, ..., z, y, x) with `kept` axes after the frames, as the user's array had it."""
        rest = tensor.shape[1:] if self.has_z else (*tensor.shape[1:-3], *tensor.shape[-2:])
        assert tensor.dim() == 1 + kept
        return tensor.reshape(*self.leading, *rest)

    def coils(self, tensor: torch.Tensor) -> torch.Tensor:
        """(frame, coil, z, y, x) with the user's axes."""
        return self._given_back(tensor, 4)

    def images(self, tensor: torch.Tensor) -> torch.Tensor:
        """(frame, z, y, x) with the user's axes."""
        return self._given_back(tensor, 3)


def canonical_coils(array: Any, noun: str = "k-space") -> tuple[torch.Tensor, _arrays.Kind, Axes]:
    """(tensor (frame, coil, z, y, x), its kind, its axes) of complex64 samples of coils."""
    tensor, kind = _arrays.take(array, noun)
    _arrays.require(tensor, torch.complex64, noun)
    if tensor.dim() < 3:
        raise InputError(f"The {noun} has too few axes", str(tuple(tensor.shape)), KSPACE_AXES)
    axes = Axes(tensor.shape[:-4], has_z=tensor.dim() > 3)
    if tensor.dim() == 3:
        tensor = tensor.unsqueeze(1)
    if 0 in tensor.shape:
        raise InputError(f"The {noun} is empty", str(tuple(tensor.shape)), KSPACE_AXES)
    return tensor.reshape(math.prod(axes.leading), *tensor.shape[-4:]), kind, axes


def canonical_images(array: Any, noun: str = "image") -> tuple[torch.Tensor, _arrays.Kind, Axes]:
    """(tensor (frame, z, y, x), its kind, its axes) of combined images, complex64 or float32."""
    tensor, kind = _arrays.take(array, noun)
    if tensor.dim() < 2:
        raise InputError(f"The {noun} has too few axes", str(tuple(tensor.shape)), "(y, x), (z, y, x) or (..., z, y, x)")
    axes = Axes(tensor.shape[:-3], has_z=tensor.dim() > 2)
    if tensor.dim() == 2:
        tensor = tensor.unsqueeze(0)
    return tensor.reshape(math.prod(axes.leading), *tensor.shape[-3:]), kind, axes


def beside(array: Any, like: torch.Tensor, noun: str) -> torch.Tensor | None:
    """Samples that belong to `like` (frame, coil, kz, ky, kx): as many frames and coils, on its device."""
    if array is None:
        return None
    tensor, _, _ = canonical_coils(array, noun)
    if tensor.shape[0] == 1 and like.shape[0] > 1:
        tensor = tensor.expand(like.shape[0], -1, -1, -1, -1)
    if tensor.shape[:2] != like.shape[:2]:
        raise InputError(f"The {noun} does not belong to this k-space", "{} frames, {} coils".format(*tensor.shape[:2]),
                         "{} frames, {} coils".format(*like.shape[:2]))
    return tensor.to(like.device)


def lines(mask: Any, kspace: torch.Tensor) -> torch.Tensor:
    """bool (kz, ky) on the CPU, of a mask or of the word "infer"; `kspace` (frame, coil, kz, ky, kx)."""
    n_kz, n_ky = kspace.shape[2:4]
    if isinstance(mask, Sampling):
        mask = mask.mask
    if mask is None:
        raise InputError("Nothing says which lines were measured", "", "a mask (ky) or (kz, ky)", "",
                         'mask="infer" takes lines of zeros as not measured')
    if isinstance(mask, str):
        if mask != "infer":
            raise InputError("Unknown mask", repr(mask), 'an array, or "infer"')
        return (kspace != 0).any(dim=4).any(dim=1).any(dim=0).cpu()
    tensor, _ = _arrays.take(mask, "mask")
    if tensor.dtype != torch.bool:
        tensor = tensor != 0
    found = tuple(tensor.shape)
    if tensor.dim() == 1 and n_kz == 1:
        tensor = tensor.unsqueeze(0)
    if tuple(tensor.shape) != (n_kz, n_ky):
        raise InputError("The mask does not fit the k-space", str(found), f"({n_ky},)" if n_kz == 1 else f"({n_kz}, {n_ky})", "",
                         f"The last four axes are coil, kz, ky, kx: slices are (slice, coil, 1, ky, kx), and this is a slab of {n_kz} "
                         "partitions" if n_kz > 1 else "")
    if not tensor.any():
        raise InputError("No line of k-space was measured", "an empty mask", "at least one line")
    return tensor.cpu().contiguous()
