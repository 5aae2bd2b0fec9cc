"""The whole sentence: k-space in, images out."""

import json
import math
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import torch

from raki import _engine
from raki._errors import InputError, require_type
from raki._interpolation import Progress
from raki._networks import filler
from raki._scan import Scan, scan_of_arrays
from raki._shapes import Axes
from raki._steps import to_coil_images


class Reconstruction:
    """What `reconstruct` made. Arrays are of the kind and on the device of what was given, images float32.

    image           magnitude (..., y, x) or (..., z, y, x): the axes of the k-space without its coils; of a scan (frame, z, y, x)
    complex_image   the same before the magnitude (None after combine="rss"); phases can be compared between echoes and
                    repetitions of a file's slices, while frames of an array are slices, each with a phase of its own
    kspace          every line measured or filled, (..., coil, [kz,] ky, kx), whitened and compressed as the image was made
    coil_images     its Fourier transform, made when asked for
    sensitivities   the maps the coils were combined with, or None
    noise_map       sd of the image's noise (noise_map=True), else None; `maps` has all maps by name
    frames          one dictionary a frame: method_used, reason, verdict, numbers, losses, warnings
    report          recon.json as a dictionary
    sampling        the Sampling of the first frame
    """

    def __init__(self, run: _engine.Run, kept: dict[str, Any], scan: Scan):
        self._run, self._scan, self._kept = run, scan, kept

    def __repr__(self) -> str:
        return f"<raki.Reconstruction {tuple(self.image.shape)} by {self.frames[0]['method_used']}>"

    def _images(self, tensor: torch.Tensor) -> Any:
        tensor = tensor.to(self._run.device)
        axes = self._scan._axes
        return self._scan._kind.give(tensor if axes is None or not _same_frames(axes, tensor) else axes.images(tensor))

    def _whole(self, name: str) -> torch.Tensor | None:
        """What the batches kept, all frames in order: put together once, after which nothing holds the parts."""
        parts = self._kept[name]
        if len(parts) > 1:
            whole = parts[0].new_empty(sum(map(len, parts)), *parts[0].shape[1:])
            for part, places in zip(parts, self._kept["places"]):
                whole[places] = part
            parts = self._kept[name] = [whole]
        return parts[0] if parts else None

    def _coils(self, name: str) -> Any:
        tensor = self._whole(name)
        if tensor is None:
            return None
        axes = self._scan._axes
        return self._scan._kind.give(tensor if axes is None or not _same_frames(axes, tensor) else axes.coils(tensor))

    @property
    def image(self) -> Any:
        return self._images(self._run.images)

    @property
    def complex_image(self) -> Any:
        tensor = self._whole("combined")
        return self._images(tensor) if tensor is not None and tensor.is_complex() else None

    @property
    def kspace(self) -> Any:
        return self._coils("kspace")

    @property
    def coil_images(self) -> Any:
        kspace = self.kspace
        return None if kspace is None else to_coil_images(kspace)

    @property
    def sensitivities(self) -> Any:
        return self._coils("sensitivities")

    @property
    def maps(self) -> dict[str, Any]:
        return {name: self._images(samples) for name, samples in self._run.maps.items()}

    @property
    def noise_map(self) -> Any:
        return self.maps.get("noise")

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self._run.report())

    @property
    def frames(self) -> list[dict[str, Any]]:
        return self.report["frames"]

    @property
    def sampling(self) -> _engine.Sampling:
        return self._run.samplings[0]


def _same_frames(axes: Axes, tensor: torch.Tensor) -> bool:
    """False where the options selected some of the frames: these follow one another."""
    return math.prod(axes.leading) == tensor.shape[0]


def reconstruct(scan_or_kspace: Any, mask: Any = None, method: str = "raki", *, calibration: Any = None, noise: Any = None,
                readout_oversampling: float = 1.0, fov: Sequence[float] | None = None, network: Any = None,
                device: Any = None, progress: Progress | None = None, keep: bool = True, **options: Any) -> Reconstruction:
    """Prewhitens, fills missing lines, transforms and combines: what `raki recon` does, on a Scan or on arrays.

    scan_or_kspace        of `read_scan`; or complex64 (coil, ky, kx), (coil, kz, ky, kx), (..., coil, kz, ky, kx)
    mask                  of arrays: bool (ky), of slabs (kz, ky), "infer", or a Sampling; samples elsewhere are not looked at
    method                one of raki.methods
    calibration           of arrays: separate reference lines, axes as the k-space's
    noise                 of arrays: noise samples complex64 (coil, sample) of the same bandwidth, to prewhiten with
    readout_oversampling  of arrays: 2 where kx covers twice the field of view
    fov                   of arrays: field of view (x, y, z) in mm, for what is written
    network               a Network, a torch module, or what `train` gave, in place of the method's own learning
    device                "cpu", "cuda", "cuda:N"; without, where the array lives, and for scans a GPU if there is one
    progress              called with the part done, 0 to 1
    keep                  False: k-space and sensitivities are not kept, which take most of the memory
    options               print(raki.options("reconstruct")) lists them: detail, seed, coils, combine, noise_map, ...

    Returns a Reconstruction. Raises InputError with the numbers where the data or the options cannot work.
    """
    if isinstance(scan_or_kspace, Scan):
        scan = scan_or_kspace
        _check_nothing_beside(mask=mask, calibration=calibration, noise=noise, fov=fov,
                              readout_oversampling=None if readout_oversampling == 1 else readout_oversampling)
    else:
        scan = scan_of_arrays(scan_or_kspace, mask, calibration=calibration, noise=noise,
                              readout_oversampling=readout_oversampling, fov=fov)
    learned = isinstance(network, _engine.Lessons)
    own_network = network is not None and not learned
    run = _engine.Run(scan._scan, {"method": method, **options}, str(device or scan._device or "auto"), own_network)
    if learned:
        run.use_lessons(network)
    kept: dict[str, Any] = {name: [] for name in ("kspace", "combined", "sensitivities")}
    batches, done = run.batches, 0
    total = sum(map(len, batches))
    for frames in batches:
        fill = filler(network, frames, len(scan)) if own_network else None
        steps = run.compute(frames, fill, _part_of(progress, done / total, len(frames) / total))
        done += len(frames)
        for name in kept if keep else ["combined"]:
            if (part := getattr(steps, name)) is not None:
                kept[name].append(part)
    if progress is not None:
        progress(1.0)
    place = {frame: n for n, frame in enumerate(sorted(frame for frames in batches for frame in frames))}
    kept["places"] = [[place[frame] for frame in frames] for frames in batches]
    return Reconstruction(run, kept, scan)


def _check_nothing_beside(**of_arrays: Any) -> None:
    given = [name for name, value in of_arrays.items() if value is not None]
    if given:
        raise InputError("A Scan knows that itself", ", ".join(given), "arguments of arrays with arrays", "",
                         'The method is named: reconstruct(scan, method="linear")')


def _part_of(progress: Progress | None, begin: float, share: float) -> Progress | None:
    if progress is None:
        return None
    return lambda done: progress(begin + share * done)


def write(result: Reconstruction, folder: str | os.PathLike[str], output: str = "dicom,png", *,
          progress: Progress | None = None, **options: Any) -> pathlib.Path:
    """Writes a Reconstruction into a new folder: any of dicom, npy, png, nii, mrd, cfl, and recon.json last.

    print(raki.options("write")) lists the options: dicom, syntax, deidentify, dicom_template, overwrite, ...
    Nothing is left behind unless everything succeeded. Returns the folder's path.
    """
    require_type(result, Reconstruction, "result")
    result._run.write(str(folder), {"output": output, **options}, progress)
    return pathlib.Path(folder)


def write_dicom(result: Reconstruction, folder: str | os.PathLike[str], **options: Any) -> pathlib.Path:
    """`write` of DICOM files alone."""
    return write(result, folder, "dicom", **options)
