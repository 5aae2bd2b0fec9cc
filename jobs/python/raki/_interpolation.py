"""Undersampled k-space to full k-space: the interpolators."""

from collections.abc import Callable
from typing import Any

from raki import _engine, _shapes
from raki._arrays import Array
from raki._engine import Lessons, NoiseCorrelation
from raki._errors import InputError, require_type
from raki._networks import filler
from raki._steps import sampling_of

Progress = Callable[[float], None]


class Filled:
    """What an interpolation gave.

    kspace   complex64, the axes of what was given: measured samples bit for bit, missing lines filled
    frames   one dictionary a frame: method_asked, method_used, reason, verdict, numbers, losses, warnings
    noise    NoiseCorrelation of the filled k-space (linear methods, noise=True), for `noise_map`
    """

    def __init__(self, kspace: Any, frames: list[dict[str, Any]], noise: NoiseCorrelation | None):
        self.kspace, self.frames, self.noise = kspace, frames, noise

    def __repr__(self) -> str:
        used = ", ".join(sorted({frame["method_used"] for frame in self.frames}))
        return f"<raki.Filled {tuple(self.kspace.shape)} by {used}>"


class NoiseAwareFit:
    """The noise-aware kernel fitted to a k-space, and what it filled.

    kspace       complex64, filled, the axes of what was given
    sigma        (frame, coil): sd of the noise of a complex sample
    gain         (frame, line, kx) of the encoded lines: noise power of filled samples for unit noise
    unexplained  (frame,): part of the calibration signal that the kernel does not predict
    frames       one dictionary a frame, as of `interpolate`
    """

    def __init__(self, kspace: Any, sigma: Any, gain: Any, unexplained: Any, frames: list[dict[str, Any]]):
        self.kspace, self.sigma, self.gain, self.unexplained, self.frames = kspace, sigma, gain, unexplained, frames


def interpolate(kspace: Any, mask: Any, method: str = "raki", *, calibration: Any = None, unit_noise: bool = False,
                network: Any = None, noise: bool = False, progress: Progress | None = None, **options: Any) -> Filled:
    """Fills the missing lines within the encoded range.

    kspace        complex64 (coil, ky, kx), (coil, kz, ky, kx) or (..., coil, kz, ky, kx)
    mask          bool (ky) or (kz, ky), "infer", or a Sampling
    method        one of raki.methods
    calibration   separate reference lines, axes as the k-space's; without, its own ACS serves
    unit_noise    True: noise has variance 1 per complex sample (prewhitened); False: it is estimated
    network       a Network or a torch module in place of the method, or what `train` gave for method "raki"
    noise         True: also tell what becomes of the noise (linear methods)
    progress      called with the part done, 0 to 1
    options       raki.options("interpolate") lists them: seed, detail, kernel, ...

    Raises InputError with the numbers, and the methods that would work, where the method cannot.
    """
    require_type(unit_noise, bool, "unit_noise")
    require_type(noise, bool, "noise", "Samples of noise: estimate_noise_covariance, whitening_matrix, prewhiten")
    samples, kind, axes = _shapes.canonical_coils(kspace)
    sampling = sampling_of(mask, samples)
    reference = _shapes.beside(calibration, samples, "calibration")
    if network is not None and not isinstance(network, Lessons):
        filled = filler(network)(samples, sampling, reference)
        frames = [dict(method_asked="network", method_used="network", reason="filled by the caller's network", verdict="",
                       numbers={}, losses=[], warnings=[]) for _ in range(samples.shape[0])]
        return Filled(kind.give(axes.coils(filled)), frames, None)
    found = _engine.interpolate(samples, sampling, reference, unit_noise, {"method": method, **options}, network, noise,
                                progress)
    return Filled(kind.give(axes.coils(found.kspace)), found.frames, found.noise)


def fit_noise_aware(kspace: Any, mask: Any, *, calibration: Any = None, unit_noise: bool = False,
                    progress: Progress | None = None) -> NoiseAwareFit:
    """Fits the noise-aware kernel (method "linear") and fills with it; arguments as of `interpolate`."""
    require_type(unit_noise, bool, "unit_noise")
    samples, kind, axes = _shapes.canonical_coils(kspace)
    reference = _shapes.beside(calibration, samples, "calibration")
    fit, filled = _engine.fit_noise_aware(samples, sampling_of(mask, samples), reference, unit_noise, progress)
    return NoiseAwareFit(kind.give(axes.coils(filled)), kind.give(fit.sigma), kind.give(fit.gain),
                         kind.give(fit.unexplained), fit.frames)


def noise_map(filled: Filled, sensitivities: Array) -> Array:
    """Sd of the noise of |sum over coils of conj(map) image|, float32, in the image's units.

    `filled`: of `interpolate(..., noise=True)` with a linear method. `sensitivities`: what the images are combined with.
    """
    require_type(filled, Filled, "filled")
    if filled.noise is None:
        raise InputError("Nothing is known of the noise of this k-space", "", "interpolate(..., noise=True) of a linear method", "",
                         "reconstruct(..., noise_map=True) works with every method")
    maps, kind, axes = _shapes.canonical_coils(sensitivities, "sensitivities")
    return kind.give(axes.images(_engine.noise_map(filled.noise, maps)))
