"""Scans: what a file holds, or arrays in memory, ready to be reconstructed."""

import json
import os
from collections.abc import Sequence
from typing import Any

from raki import _arrays, _engine, _shapes
from raki._engine import Sampling


class Scan:
    """A scan that was read, or put together from arrays.

    print(scan)           what was found and decided, as `raki info` tells it
    scan.info             the same as a dictionary
    scan.samplings        the different samplings (Sampling), scan.sampling the first
    scan.noise            noise readouts, complex64 (coil, sample), or None
    scan.whitening        for `prewhiten`, from them, at the bandwidth of the image; or None
    scan.read(frames)     k-space (frame, coil, kz, ky, kx) and separate calibration lines, or None
    len(scan)             number of frames
    """

    def __init__(self, engine_scan: _engine.Scan, kind: _arrays.Kind = _arrays.NUMPY, axes: _shapes.Axes | None = None,
                 device: str | None = None):
        self._scan, self._kind, self._axes, self._device = engine_scan, kind, axes, device

    def __len__(self) -> int:
        return self._scan.n_frames

    def __str__(self) -> str:
        return self._scan.table()

    def __repr__(self) -> str:
        return f"<raki.Scan: {len(self)} frame{'s' * (len(self) != 1)}, {self.sampling}>"

    @property
    def info(self) -> dict[str, Any]:
        return json.loads(self._scan.report())

    @property
    def samplings(self) -> list[Sampling]:
        return self._scan.samplings

    @property
    def sampling(self) -> Sampling:
        return self._scan.samplings[0]

    @property
    def readout_oversampling(self) -> float:
        return self._scan.oversampling

    @property
    def noise(self) -> Any:
        return self._kind.give(self._scan.noise)

    @property
    def whitening(self) -> Any:
        return self._kind.give(self._scan.whitening)

    def read(self, frames: Sequence[int] | None = None) -> tuple[Any, Any]:
        """(k-space, calibration or None) of these frames, indices from 0 that share one sampling; all when none are named."""
        kspace, calibration = self._scan.read(list(range(len(self)) if frames is None else frames))
        return self._kind.give(kspace), self._kind.give(calibration)


def read_scan(path: str | os.PathLike[str], **options: Any) -> Scan:
    """Opens an ISMRMRD file or stream, a fastMRI file, or an array (.npy, .npz, .cfl, .mat; axes="coil,ky,kx").

    Headers, counters and noise are read now, samples when they are needed. raki.options("read_scan") lists the options.
    Raises InputError for anything that is missing, damaged or cannot be reconstructed.
    """
    return Scan(_engine.open_scan(str(path), options))


def scan_of_arrays(kspace: Any, mask: Any, *, calibration: Any = None, noise: Any = None, readout_oversampling: float = 1.0,
                   fov: Sequence[float] | None = None) -> Scan:
    """Arrays in memory as a scan; see `reconstruct`."""
    samples, kind, axes = _shapes.canonical_coils(kspace)
    parts = _engine.ArrayParts()
    parts.calibration = _shapes.beside(calibration, samples, "calibration")
    parts.noise = None if noise is None else _arrays.take(noise, "noise")[0].to(samples.device)
    parts.readout_oversampling, parts.fov = readout_oversampling, fov
    return Scan(_engine.scan_of_array(samples, _shapes.lines(mask, samples), parts), kind, axes, str(samples.device))
