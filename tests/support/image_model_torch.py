"""The image model of `hybrid` as raki/README.md states it ("The image model", steps 3 to 6), for one slice, in plain
PyTorch; what gate_torch.py trains through.

Shapes: images (set, x, y), lines (coil, x, ky), maps (set, coil, x, y), coefficients of one level (set, 3, x, y). Index 0 is
the centre of image and k-space, so no transform shifts. Everything is in units of the noise.
"""
import dataclasses
import functools
import math

import torch

LEVELS, START_STEPS, STEPS, RENEW_EVERY = 3, 4, 16, 4
START_THRESHOLD = 0.6  # noise sd
NOISE_MARGIN, MISSING_WEIGHT = 2, 0.3
FUSION_FROM, FUSION_FULL = 0.035, 0.065
RING_SD, RING_REACH = 4, 16

HAAR = (0.5, 0.5)
DAUBECHIES_2 = tuple(sign / 8 for sign in (1 + 3 ** 0.5, 3 + 3 ** 0.5, 3 - 3 ** 0.5, 1 - 3 ** 0.5))


@dataclasses.dataclass
class Problem:
    """Images that explain `data` (coil, x, ky) where `weight` is not 0: (ky) for whole lines, or (kx, ky)."""

    data: torch.Tensor
    weight: torch.Tensor
    maps: torch.Tensor
    start: torch.Tensor  # (set, x, y)


def to_lines(maps, images):
    """F S x: (coil, x, ky)."""
    return torch.fft.fft((maps * images[:, None]).sum(0), norm="ortho")


def from_lines(maps, lines):
    """S^H F^H: (set, x, y)."""
    return (maps.conj() * torch.fft.ifft(lines, norm="ortho")).sum(1)


def weighted(residual, weight):
    """M r. A weight that depends on kx needs r transformed along the readout."""
    if weight.dim() == 1:
        return residual * weight
    return torch.fft.ifft(torch.fft.fft(residual, dim=1, norm="ortho") * weight, dim=1, norm="ortho")


def with_data(problem, lines):
    """`lines` with the data where they were measured."""
    return lines + weighted(problem.data - lines, problem.weight)


# --- Wavelets: undecimated, periodic, a Parseval frame, written as multiplications of the spectrum


def highpass(lowpass):
    """g_n = (-1)^n h_(last - n)."""
    return tuple((-1) ** n * tap for n, tap in enumerate(reversed(lowpass)))


def response(taps, size, level):
    """Fourier transform (size) of taps that lie 2^level pixels apart."""
    angle = -2 * math.pi * torch.arange(size).double()[:, None] * torch.arange(len(taps)) * 2 ** level / size
    return (torch.polar(torch.ones_like(angle), angle) * torch.tensor(taps).double()).sum(1)


@functools.cache
def frame(lowpass, n_x, n_y):
    """Responses of the bands of every level, finest first, each (3, x, y): high along x, along y, along both; and of the
    smooth rest (x, y)."""
    smooth, bands = torch.ones(n_x, n_y, dtype=torch.complex128), []
    for level in range(LEVELS):
        low_x, high_x = (response(taps, n_x, level)[:, None] for taps in (lowpass, highpass(lowpass)))
        low_y, high_y = (response(taps, n_y, level) for taps in (lowpass, highpass(lowpass)))
        bands.append((smooth * torch.stack([high_x * low_y, low_x * high_y, high_x * high_y])).to(torch.complex64))
        smooth = smooth * low_x * low_y
    return bands, smooth.to(torch.complex64)


def analysed(images, lowpass):
    """Coefficients of every level (set, 3, x, y), and the smooth rest (set, x, y)."""
    bands, smooth = frame(lowpass, *images.shape[1:])
    spectrum = torch.fft.fft2(images)
    return [torch.fft.ifft2(spectrum[:, None] * band) for band in bands], torch.fft.ifft2(spectrum * smooth)


def synthesised(details, rest, lowpass):
    """The adjoint of `analysed`, which undoes it."""
    bands, smooth = frame(lowpass, *rest.shape[1:])
    spectrum = torch.fft.fft2(rest) * smooth.conj()
    for detail, band in zip(details, bands):
        spectrum = spectrum + (torch.fft.fft2(detail) * band.conj()).sum(1)
    return torch.fft.ifft2(spectrum)


def noise_sd(level):
    """Of a coefficient, for unit noise in every pixel."""
    return 0.5 ** (level + 1)


def powers_of(details):
    """|coefficient|^2 in noise variances."""
    return [(detail.real ** 2 + detail.imag ** 2) / noise_sd(level) ** 2 for level, detail in enumerate(details)]


def mean_along(values, axis, side, spacing=1):
    """Mean of `side` values `spacing` pixels apart, centred, periodic."""
    return sum(torch.roll(values, n * spacing, axis) for n in range(-(side // 2), side // 2 + 1)) / side


def mean_around(values, side=3, spacing=1):
    return mean_along(mean_along(values, -1, side, spacing), -2, side, spacing)


# --- FISTA


def fista(problem, start, steps, shrink):
    """Steps of size 1; `shrink(images, step)` takes the place of a proximal map."""
    images, ahead, t = start, start, 1.0
    for step in range(steps):
        residual = weighted(problem.data - to_lines(problem.maps, ahead), problem.weight)
        moved = shrink(ahead + from_lines(problem.maps, residual), step)
        t_next = (1 + math.sqrt(1 + 4 * t * t)) / 2
        images, ahead, t = moved, moved + (moved - images) * ((t - 1) / t_next), t_next
    return images


def soft_threshold(images):
    """Complex, on Haar coefficients."""
    details, smooth = analysed(images, HAAR)
    kept = []
    for level, detail in enumerate(details):
        size = detail.abs().clamp(min=1e-20)
        kept.append(detail * (1 - START_THRESHOLD * noise_sd(level) / size).clamp(min=0))
    return synthesised(kept, smooth, HAAR)


def shrunk(images, factors):
    """Coefficients times the factors of their level."""
    details, smooth = analysed(images, DAUBECHIES_2)
    return synthesised([detail * factor for detail, factor in zip(details, factors)], smooth, DAUBECHIES_2)


def begin(problem):
    """The first steps, before there are local powers: (set, x, y)."""
    return fista(problem, problem.start, START_STEPS, lambda images, step: soft_threshold(images))


def fit(problem, begun, factors_of):
    """The main steps; `factors_of(images)` are renewed every 4. Images and the last factors."""
    factors = [factors_of(begun)]

    def shrink(images, step):
        if step > 0 and step % RENEW_EVERY == 0:
            factors.append(factors_of(images))
        return shrunk(images, factors[-1])

    return fista(problem, begun, STEPS, shrink), factors[-1]


def wiener(detail):
    """The plain factors p / (p + 1), p = `detail` times the 3 x 3 mean of the coefficients' power."""
    def factors_of(images):
        local = [mean_around(power) * detail for power in powers_of(analysed(images, DAUBECHIES_2)[0])]
        return [power / (power + 1) for power in local]
    return factors_of


# --- Where the maps and not the noise limit the model


@dataclasses.dataclass
class Scan:
    """What the engine has before the image model. k-space (ky, kx) has its centre in the middle."""

    problem: Problem
    linear: torch.Tensor  # (coil, x, ky): filled by `linear`
    gain: torch.Tensor  # (ky, kx): noise power of `linear`
    centre: tuple  # (ky, kx) of the strongest sample


def to_kspace(columns):
    """(coil, x, ky) -> (coil, ky, kx), centre in the middle."""
    return torch.fft.fftshift(torch.fft.fft(columns, dim=1, norm="ortho").transpose(1, 2), dim=(1, 2))


def to_columns(kspace):
    """Inverse of `to_kspace`."""
    return torch.fft.ifft(torch.fft.ifftshift(kspace, dim=(1, 2)).transpose(1, 2), dim=1, norm="ortho")


def interpolated(position, places, values):
    """`values` at `places` (ascending), linear between them, constant beyond."""
    right = torch.searchsorted(places, position.contiguous()).clamp(1, len(places) - 1)
    a, b = places[right - 1], places[right]
    share = ((position - a) / (b - a)).clamp(0, 1)
    return values[right - 1] * (1 - share) + values[right] * share


def radial_mean(values, radius, picked):
    """Mean of `values` (ky, kx) over rings of whole distance on `picked` lines, smoothed with a Gaussian, everywhere."""
    ring = radius[picked].long().flatten()
    number = int(radius.max()) + 1
    window = torch.exp(-0.5 * (torch.arange(-RING_REACH, RING_REACH + 1).double() / RING_SD) ** 2)
    smooth = lambda sums: torch.conv1d(sums[None, None], window[None, None], padding=RING_REACH)[0, 0]
    sums = smooth(torch.bincount(ring, values[picked].double().flatten(), number))
    counts = smooth(torch.bincount(ring, minlength=number).double())
    known = counts >= 1e-6
    return interpolated(radius, torch.arange(number).double()[known], (sums / counts)[known])


def excess(scan, lines):
    """Share of k_lin - model that is more than noise, (ky, kx), and E, its mean weighted with the difference."""
    difference = to_kspace(scan.linear - lines)
    ky, kx = (torch.arange(n).double() - c for n, c in zip(difference.shape[1:], scan.centre))
    radius = (ky[:, None] ** 2 + kx ** 2).sqrt()
    missing = torch.fft.fftshift(scan.problem.weight) == 0
    found = radial_mean((difference.abs() ** 2).mean(0), radius, missing)
    share = (1 - NOISE_MARGIN * radial_mean(scan.gain, radius, missing) / found.clamp(min=1e-9)).clamp(min=0)
    return share.float(), float((found * share)[missing].sum() / found[missing].sum())


def fusion_share(total):
    """How much of the fusion E calls for."""
    return min(max((total - FUSION_FROM) / (FUSION_FULL - FUSION_FROM), 0), 1)


def fused(scan, share, factors_of, fill_again):
    """Mean of the model with `linear`'s lines as weak data and of `fill_again(lines)`, kernels calibrated on both."""
    problem = scan.problem
    weight = torch.maximum(MISSING_WEIGHT * torch.fft.ifftshift(share).T, problem.weight)
    again = Problem(scan.linear, weight, problem.maps, problem.start)
    model = to_lines(problem.maps, fit(again, begin(again), factors_of)[0])
    return (model + fill_again(with_data(problem, (scan.linear + model) / 2))) / 2


def filled(scan, begun, factors_of, fill_again, fusion=None):
    """Lines (coil, x, ky), images and the share of the fusion; `fusion`: None for what E calls for."""
    images = fit(scan.problem, begun, factors_of)[0]
    lines = to_lines(scan.problem.maps, images)
    share, total = excess(scan, lines)
    fusion = fusion_share(total) if fusion is None else fusion
    result = lines + to_columns(to_kspace(scan.linear - lines) * share)
    if fusion > 0:
        result = result + fusion * (fused(scan, share, factors_of, fill_again) - result)
    return result, images, fusion
