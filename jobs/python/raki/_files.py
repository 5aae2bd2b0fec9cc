"""Phantoms and compressed images."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from raki import _engine


class Phantom:
    """An analytic multi-coil scan with its truth.

    kspace        complex64 (frame, coil, kz, ky, kx) with noise, readouts oversampled by `readout_oversampling`, zeros where
                  nothing was measured
    mask          bool (kz, ky)
    noise         noise samples complex64 (coil, sample), of the same bandwidth
    truth         what an ideal image shows, float32 (frame, z, y, x)
    sensitivities fields of the coils, complex64 (coil, z, y, x)
    """

    def __init__(self, made: dict[str, Any]):
        self.kspace, self.mask, self.noise = (made[name].numpy() for name in ("kspace", "mask", "noise"))
        self.truth, self.sensitivities = made["truth"].numpy(), made["fields"].numpy()
        self.readout_oversampling = made["oversampling"]

    def __repr__(self) -> str:
        return f"<raki.Phantom {self.kspace.shape}, {int(self.mask.sum())} lines measured>"


def phantom(**options: Any) -> Phantom:
    """Ellipses seen by coils, k-space in closed form. print(raki.options("phantom")) lists the options: slices, coils,
    acceleration, acs, noise, slab, seed, ...
    """
    return Phantom(_engine.phantom(options))


def write_phantom(path: str | os.PathLike[str], truth: str | os.PathLike[str] = "", **options: Any) -> None:
    """The phantom as an ISMRMRD file, as a scanner would have written it; `truth`: also fully sampled without noise."""
    _engine.write_phantom(str(path), str(truth), options)


def decode(path: str | os.PathLike[str], *, reduce: int = 0, region: Sequence[int] | None = None, tile: int | None = None,
           device: str = "cpu") -> np.ndarray:
    """Pixels of a DICOM file (HTJ2K, JPEG 2000, uncompressed) or a codestream (.j2c, .jph, .jp2).

    reduce   halvings: 1 is half the size;  region   (x, y, width, height) in pixels of the whole size;  tile   one tile
    Returns (y, x), with colours (y, x, 3), of several frames (frame, y, x): the smallest of uint8, int8, uint16, int16 that
    holds the samples.
    """
    frames, bits, is_signed = _engine.decode(str(path), reduce, region, tile, device)
    dtype = np.dtype(f"{'int' if is_signed else 'uint'}{8 if bits <= 8 else 16}")
    arrays = [frame.numpy().astype(dtype) for frame in frames]
    return arrays[0] if len(arrays) == 1 else np.stack(arrays)
