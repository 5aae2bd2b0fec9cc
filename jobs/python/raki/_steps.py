"""The linear steps of a reconstruction, one by one; each takes and gives arrays of the caller's kind."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from raki import _arrays, _engine, _shapes
from raki._arrays import Array
from raki._engine import Sampling
from raki._errors import InputError


def detect_sampling(mask: Any, encoded_ky: tuple[int, int] | None = None,
                    encoded_kz: tuple[int, int] | None = None) -> Sampling:
    """What a mask (ky) or (kz, ky) says: acceleration, calibration block (ACS), CAIPIRINHA shift.

    `encoded_ky`, `encoded_kz`: (begin, end) of the lines that were encoded at all, where others are padding or left out by
    partial Fourier; the whole axis otherwise. Raises InputError when no line is measured.
    """
    tensor, _ = _arrays.take(mask, "mask")
    if tensor.dim() not in (1, 2):
        raise InputError("The mask has the wrong number of axes", str(tuple(tensor.shape)), "(ky) or (kz, ky)")
    flat = (tensor != 0).cpu().reshape(-1, tensor.shape[-1]).contiguous()
    return _engine.detect_sampling(flat, encoded_ky, encoded_kz)


def estimate_noise_covariance(noise: Array) -> Array:
    """sum_s n_i(s) conj(n_j(s)) / (N - 1), complex128 (coil, coil), of noise samples complex64 (coil, sample)."""
    tensor, kind = _arrays.take(noise, "noise")
    _arrays.require(tensor, torch.complex64, "noise")
    return kind.give(_engine.estimate_noise_covariance(tensor))


def whitening_matrix(covariance: Array, noise_dwell_time_us: float = 0.0, dwell_time_us: float | None = None,
                     relative_receiver_noise_bandwidth: float | None = None) -> Array:
    """W = L^-1 sqrt(dwell_image / dwell_noise * bandwidth) with covariance = L L^H; complex64 (whitened coil, coil).

    Whitened noise has variance 1 per complex sample (real and imaginary part together). Dwell times in microseconds; without
    both there is no correction.
    """
    tensor, kind = _arrays.take(covariance, "covariance")
    return kind.give(_engine.whitening_matrix(tensor.to(torch.complex128), noise_dwell_time_us, dwell_time_us,
                                              relative_receiver_noise_bandwidth))


def prewhiten(kspace: Array, whitening: Any) -> Array:
    """The k-space in whitened coils: a small matrix (whitened coil, coil) on the coil axis."""
    samples, kind, axes = _shapes.canonical_coils(kspace)
    matrix, _ = _arrays.take(whitening, "whitening matrix")
    return kind.give(axes.coils(_engine.mix_coils(samples, matrix.to(torch.complex64))))


def remove_readout_oversampling(kspace: Array, factor: float = 2.0) -> Array:
    """kx / factor samples of the middle of the field of view along x; noise keeps its variance."""
    samples, kind, axes = _shapes.canonical_coils(kspace)
    return kind.give(axes.coils(_engine.remove_readout_oversampling(samples, factor)))


def compress_coils(kspace: Array, coils: int, calibration: Any = None) -> Array:
    """The k-space in `coils` virtual coils: the principal components of `calibration`, or of the k-space itself."""
    samples, kind, axes = _shapes.canonical_coils(kspace)
    source = samples if calibration is None else _shapes.beside(calibration, samples, "calibration")
    return kind.give(axes.coils(_engine.mix_coils(samples, _engine.compression_matrix(source, coils))))


def fill_partial_fourier(kspace: Array, mask: Any, method: str = "pocs") -> Array:
    """Lines that were not encoded on one side, from their mirror images: "pocs", "homodyne" or "zero".

    `kspace`: every line within the encoded range is there (interpolate comes before). `mask`: what was measured; lines
    beyond its outermost ones were not encoded.
    """
    samples, kind, axes = _shapes.canonical_coils(kspace)
    return kind.give(axes.coils(_engine.fill_partial_fourier(samples, sampling_of(mask, samples), method)))


def filter_kspace(kspace: Array, window: str = "hann", mask: Any = None) -> Array:
    """A window over k-space against ringing: "none", "hann" or "tukey:TAPER" over the measured range."""
    samples, kind, axes = _shapes.canonical_coils(kspace)
    whole = torch.ones(samples.shape[2:4], dtype=torch.bool)
    sampling = sampling_of(whole if mask is None else mask, samples)
    return kind.give(axes.coils(_engine.filter_kspace(samples, sampling, window)))


def to_coil_images(kspace: Array) -> Array:
    """The unitary, centred inverse Fourier transform of every coil, over ky, kx and, for slabs, kz."""
    samples, kind, axes = _shapes.canonical_coils(kspace)
    return kind.give(axes.coils(_engine.to_coil_images(samples)))


def to_kspace(coil_images: Array) -> Array:
    """The inverse of `to_coil_images`."""
    samples, kind, axes = _shapes.canonical_coils(coil_images, "coil images")
    return kind.give(axes.coils(_engine.to_kspace(samples)))


def _zyx(matrix: Sequence[int], axes: _shapes.Axes) -> tuple[int, ...]:
    if len(matrix) != (3 if axes.has_z else 2):
        raise InputError("The matrix does not fit the calibration", str(tuple(matrix)), "one size for each axis after the coils")
    return tuple(matrix) if axes.has_z else (1, *matrix)


def estimate_sensitivities(calibration: Array, matrix: Sequence[int], window: int = 3, iterations: int = 8) -> Array:
    """Coil maps with a sum of squares of 1 on the grid `matrix`, (y, x) or (z, y, x), from calibration lines.

    Walsh, Gmitro, Marcellin, MRM 43:682 (2000), with a window of `window` voxels of the low-resolution image.
    """
    samples, kind, axes = _shapes.canonical_coils(calibration, "calibration")
    return kind.give(axes.coils(_engine.estimate_sensitivities(samples, _zyx(matrix, axes), window, iterations)))


def phase_reference(calibration: Array, matrix: Sequence[int]) -> Array:
    """The coil combination (..., coil) with most signal, in which the mean of the image has phase 0, for `refer_phase`."""
    samples, kind, axes = _shapes.canonical_coils(calibration, "calibration")
    found = _engine.phase_reference(samples, _zyx(matrix, axes))
    return kind.give(found.reshape(*axes.leading, -1))


def refer_phase(sensitivities: Array, reference: Any) -> Array:
    """The maps, turned so that they give an image the phase of the coil combination `reference`.

    With one reference for its echoes, (coil) or with any of the maps' axes before the coils, as NumPy broadcasts them, the
    phases of a slice can be compared; otherwise each frame's phases are those of its own `phase_reference`.
    """
    samples, kind, axes = _shapes.canonical_coils(sensitivities, "sensitivities")
    tensor, _ = _arrays.take(reference, "phase reference")
    _arrays.require(tensor, torch.complex64, "phase reference")
    whole = (*axes.leading, samples.shape[1])
    try:
        against = tensor.broadcast_to(whole)
    except RuntimeError:
        raise InputError("The phase reference does not fit the sensitivities", str(tuple(tensor.shape)),
                         f"(coil) up to {whole}") from None
    return kind.give(axes.coils(_engine.refer_phase(samples, against.reshape(samples.shape[:2]).to(samples.device))))


def combine(coil_images: Array, sensitivities: Any) -> Array:
    """sum over coils of conj(map) times image (Roemer et al., MRM 16:192, 1990): complex64, the coil axis gone."""
    samples, kind, axes = _shapes.canonical_coils(coil_images, "coil images")
    maps = _shapes.beside(sensitivities, samples, "sensitivities")
    return kind.give(axes.images(_engine.combine(samples, maps)))


def root_sum_of_squares(coil_images: Array) -> Array:
    """sqrt(sum over coils of |image|^2): float32, the coil axis gone."""
    samples, kind, axes = _shapes.canonical_coils(coil_images, "coil images")
    return kind.give(axes.images(_engine.root_sum_of_squares(samples)))


def to_image_grid(image: Array, matrix: Sequence[int], fov_ratio: Sequence[float] | None = None) -> Array:
    """A complex image cropped to part of its field of view, then on a grid of `matrix` voxels by zero filling of k-space.

    `matrix`, `fov_ratio` (image / encoded field of view): one number for each of (y, x) or (z, y, x).
    """
    samples, kind, axes = _shapes.canonical_images(image)
    ratio = fov_ratio or [1.0] * len(matrix)
    flat = not axes.has_z
    return kind.give(axes.images(_engine.to_image_grid(samples, (1.0, *ratio) if flat else tuple(ratio),
                                                       (1, *matrix) if flat else tuple(matrix))))


def compare_images(image: Any, reference: Any) -> dict[str, float]:
    """How far a magnitude image (y, x), (z, y, x) or (..., z, y, x) is from a reference; float32, means over the frames.

    nrmse                |a - r| / |r| where r is above 8 % of its maximum
    psnr_db              of the maximum of r
    ssim, ssim_masked    7 x 7 windows, everywhere and where r is above 8 %
    residual_structure   correlation of the error with itself one pixel away: 0 noise, near 1 blur and ghosts
    """
    images, references = (_arrays.require(_shapes.canonical_images(a, noun)[0], torch.float32, noun)
                          for a, noun in ((image, "image"), (reference, "reference")))
    if images.shape != references.shape:
        raise InputError("The images have other sizes", str(tuple(image.shape)), str(tuple(reference.shape)))
    frames = [_engine.compare_images(a, r) for a, r in zip(images, references, strict=True)]
    return {name: sum(frame[name] for frame in frames) / len(frames) for name in frames[0]}


def uniform_mask(lines: int, acceleration: int, acs: int = 0) -> np.ndarray:
    """bool (lines,): every R-th line through the middle, and `acs` lines about it."""
    return _engine.uniform_mask(lines, acceleration, acs)[0].numpy()


def fastmri_mask(lines: int, rate: float, centre_fraction: float = 0.08) -> np.ndarray:
    """bool (lines,): fastMRI's equispaced lines, `lines` / `rate` in all, with a part of them in the centre."""
    return _engine.fastmri_mask(lines, rate, centre_fraction)[0].numpy()


def sampling_of(mask: Any, samples: torch.Tensor) -> Sampling:
    """A Sampling as it is, or of a mask, lines beyond its outermost ones having been left out."""
    if isinstance(mask, Sampling):
        return mask
    return _engine.sampling_of_lines(_shapes.lines(mask, samples))
