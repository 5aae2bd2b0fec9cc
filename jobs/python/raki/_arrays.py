"""Arrays of every library as tensors and back, without a copy: NumPy, torch, and whatever speaks DLPack
(CuPy) or, without it, __cuda_array_interface__ (comes back as a tensor).

An array comes back as the kind it came in, on the device it came from. Nothing that is given is ever written to.
"""

import importlib
import warnings
from typing import Any, TypeVar

import numpy as np
import torch

from raki._errors import InputError


Array = TypeVar("Array")  # of NumPy, torch, CuPy, or anything with __dlpack__; results are of the same kind


class Kind:
    """What an array was, to give results back alike: `numpy`, `torch`, or the array module of a DLPack array."""

    def __init__(self, name: str, module: Any = None):
        self.name, self.module = name, module

    def give(self, tensor: torch.Tensor | None) -> Any:
        """A tensor of the engine as this kind. Shares its memory."""
        if tensor is None or self.name == "torch":
            return tensor
        if self.name == "numpy":
            return tensor.cpu().resolve_conj().resolve_neg().numpy()
        return self.module.from_dlpack(tensor)


NUMPY, TORCH = Kind("numpy"), Kind("torch")


def take(array: Any, noun: str = "array") -> tuple[torch.Tensor, Kind]:
    """(tensor, kind) of any array; the tensor shares its memory where strides allow it (NumPy's negative ones do not)."""
    if isinstance(array, torch.Tensor):
        return array.detach().resolve_conj().resolve_neg(), TORCH
    if isinstance(array, (list, tuple)):
        raise InputError(f"The {noun} is no array", type(array).__name__, "a NumPy array or a tensor", "",
                         "numpy.asarray makes one")
    if not isinstance(array, np.ndarray) and hasattr(array, "__dlpack__"):
        return torch.from_dlpack(array), _kind_of(array)
    if hasattr(array, "__cuda_array_interface__"):
        return torch.as_tensor(array, device="cuda"), TORCH
    if isinstance(array, np.ndarray) or hasattr(array, "__array_interface__"):
        return _from_numpy(np.asarray(array), noun), NUMPY
    raise InputError(f"The {noun} is no array", type(array).__name__, "NumPy, torch, CuPy, or anything with __dlpack__")


def _kind_of(array: Any) -> Kind:
    """Of CuPy, JAX, ...: the module whose from_dlpack makes such arrays."""
    root = importlib.import_module(type(array).__module__.split(".")[0])
    if hasattr(root, "from_dlpack"):
        return Kind(root.__name__, root)
    return TORCH


def _from_numpy(array: np.ndarray, noun: str) -> torch.Tensor:
    if not array.dtype.isnative:
        raise InputError(f"The {noun} has foreign byte order", str(array.dtype), f"{array.dtype.newbyteorder('=')}", "",
                         "array.astype(array.dtype.newbyteorder('=')) converts it")
    if any(stride < 0 for stride in array.strides):
        array = np.ascontiguousarray(array)
    with warnings.catch_warnings():  # about arrays that may not be written: they never are
        warnings.filterwarnings("ignore", message=".*not writable.*")
        try:
            return torch.from_numpy(array)
        except TypeError:
            raise InputError(f"The {noun} has a type the engine does not know", str(array.dtype)) from None


def require(tensor: torch.Tensor, dtype: torch.dtype, noun: str) -> torch.Tensor:
    """The tensor as it is, where it has this dtype; numbers are never changed silently."""
    if tensor.dtype != dtype:
        wanted, found = (str(d).removeprefix("torch.") for d in (dtype, tensor.dtype))
        raise InputError(f"The {noun} has the wrong type", found, wanted, "",
                         f"array.astype('{wanted}') converts NumPy, tensor.to(torch.{wanted}) torch")
    return tensor
