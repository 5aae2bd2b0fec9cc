"""Scan-specific networks for experiments: trained by the engine, by the caller's own loop, or made by the caller."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from raki import _engine, _shapes
from raki._engine import Sampling
from raki._errors import InputError, require_type
from raki._steps import sampling_of

ACTIVATIONS = {"relu": 0.0, "leaky-relu": 0.01, "none": 1.0}


class Network(torch.nn.Module):
    """RAKI's networks: one for the real and one for the imaginary part of every coil, each looking at all coils.

    Three convolutions, kernel -> features[0], 1 x 1 -> features[1], kernel_out -> the R - 1 lines of a gap, without biases
    (Akcakaya et al., MRM 81:439, 2019); `linear_path` adds a linear convolution beside them (Zhang et al., NeuroImage
    256:119248, 2022).

    coils, acceleration   of the k-space: R lines from one measured line to the next
    frames                networks of their own for so many frames
    kernel, kernel_out    (ky, kx): measured lines and readout samples
    features              of the two hidden layers
    activation            "relu", "leaky-relu", "none", or the slope of a leaky ReLU for negative numbers
    linear_weight         share of the linear path's own error in the loss
    scale_maximum         the largest magnitude of a frame's calibration lines becomes this
    learning_rate, iterations   of Adam, as `train` runs it
    tolerance, patience   `train` stops once the mean loss fell by less than `tolerance` (a part of it) over `patience` steps
    initial_sd, seed      of the truncated normal the weights start from

    weights               all of them, float32 (frame, weight), a torch Parameter; layer1, layer2, layer3, linear are views of it
    net(lines)            complex64 (..., frame, coil, line, kx), measured lines R apart, to the lines between them,
                          (..., frame, coil, R - 1, line - 1, kx); scaled as `training_data` scales
    """

    def __init__(self, coils: int, acceleration: int, *, frames: int = 1, kernel: tuple[int, int] = (2, 5),
                 features: tuple[int, int] = (32, 8), kernel_out: tuple[int, int] = (2, 3), activation: str | float = "relu",
                 linear_path: bool = False, linear_weight: float = 1.0, scale_maximum: float = 1.0,
                 learning_rate: float = 1e-3, iterations: int = 1000, tolerance: float = 0.0, patience: int = 100,
                 initial_sd: float = 0.1, seed: int = 1):
        super().__init__()
        if acceleration < 2:
            raise InputError("Nothing is missing between adjacent lines", f"acceleration {acceleration}", "2 or more")
        if kernel[1] % 2 == 0 or kernel_out[1] % 2 == 0:
            raise InputError("A kernel is not centred on the readout", f"{kernel}, {kernel_out}", "odd sizes along kx")
        if min(*kernel, *kernel_out, *features, coils, frames) < 1:
            raise InputError("A network without a size", f"{kernel}, {features}, {kernel_out}", "numbers above 0")
        self.coils, self.acceleration, self.frames = coils, acceleration, frames
        self.kernel, self.features, self.kernel_out = tuple(kernel), tuple(features), tuple(kernel_out)
        self.negative_slope = _slope(activation)
        self.linear_path, self.linear_weight, self.scale_maximum = linear_path, linear_weight, scale_maximum
        self.learning_rate, self.iterations, self.tolerance, self.patience = learning_rate, iterations, tolerance, patience
        self.initial_sd = initial_sd
        self.weights = torch.nn.Parameter(self._design().initial_weights(coils, acceleration, frames, seed))

    @classmethod
    def published(cls, name: str, coils: int, acceleration: int, **changes: Any) -> "Network":
        """The network of method "raki-2019" or "rraki" with its authors' numbers."""
        if name not in ("raki-2019", "rraki"):
            raise InputError("No network of this name was published with these layers", repr(name), "raki-2019 or rraki")
        design, iterations = _engine.published_design(name)
        kernel, features, kernel_out, initial_sd = design.layers
        return cls(coils, acceleration, **{"kernel": kernel, "features": features, "kernel_out": kernel_out,
                                           "initial_sd": initial_sd, "linear_path": design.linear_path, "scale_maximum": design.scale_maximum,
                                           "learning_rate": design.learning_rate, "iterations": iterations, **changes})

    def _design(self) -> _engine.Design:
        design = _engine.Design()
        design.set_layers(self.kernel, self.features, self.kernel_out, self.initial_sd)
        design.linear_path, design.linear_weight = self.linear_path, self.linear_weight
        design.negative_slope, design.scale_maximum = self.negative_slope, self.scale_maximum
        design.learning_rate = self.learning_rate
        return design

    def _shapes(self) -> list[tuple[int, ...]]:
        networks, outputs = 2 * self.coils, self.acceleration - 1
        inputs, taps = 2 * self.coils * math.prod(self.kernel), math.prod(self.kernel_out)
        return [(networks * self.features[0], inputs), (networks, self.features[1], self.features[0]),
                (networks, taps * outputs, self.features[1]), (networks * outputs * self.linear_path, inputs)]

    def _layers(self) -> list[torch.Tensor]:
        """Views of the weights, each (frame, ...)."""
        parts = torch.split(self.weights, [math.prod(shape) for shape in self._shapes()], dim=1)
        return [part.view(self.frames, *shape) for part, shape in zip(parts, self._shapes())]

    layer1 = property(lambda self: self._layers()[0], doc="(frame, network * features, coil part * ky * kx)")
    layer2 = property(lambda self: self._layers()[1], doc="(frame, network, features[1], features[0])")
    layer3 = property(lambda self: self._layers()[2], doc="(frame, network, ky * kx * (R - 1), features[1])")
    linear = property(lambda self: self._layers()[3], doc="(frame, network * (R - 1), coil part * ky * kx)")

    @property
    def margin(self) -> tuple[int, int]:
        """Readout samples at each end, and lines of each gap row at the end, that depend on padding with zeros."""
        return self.kernel[1] // 2 + self.kernel_out[1] // 2, self.kernel[0] + self.kernel_out[0] - 3

    def extra_repr(self) -> str:
        return (f"coils={self.coils}, acceleration={self.acceleration}, frames={self.frames}, kernel={self.kernel}, "
                f"features={self.features}, kernel_out={self.kernel_out}, weights={tuple(self.weights.shape)}")

    def of_frames(self, frames: Sequence[int]) -> "Network":
        """A network for these of its frames, with copies of their weights."""
        some = copy.copy(self)
        some._parameters = {}
        some.frames, some.weights = len(frames), torch.nn.Parameter(self.weights.detach()[list(frames)])
        return some

    def forward(self, lines: torch.Tensor) -> torch.Tensor:
        if lines.shape[-4:-2] != (self.frames, self.coils):
            raise InputError("The lines do not fit the network", "{} frames, {} coils".format(*lines.shape[-4:-2]),
                             f"{self.frames} frames, {self.coils} coils")
        batch, frames, parts = lines.shape[:-4], self.frames, 2 * self.coils
        edge, beyond = self.margin
        data = torch.cat([lines.real, lines.imag], dim=-3).reshape(-1, parts, *lines.shape[-2:])
        windows = F.unfold(F.pad(data, (edge, edge, 0, beyond)), self.kernel)
        windows = windows.view(-1, frames, *windows.shape[1:])
        grid = (lines.shape[-2] + beyond - self.kernel[0] + 1, lines.shape[-1] + 2 * edge - self.kernel[1] + 1)
        layer1, layer2, layer3, linear = self._layers()
        hidden = F.leaky_relu(layer1 @ windows, self.negative_slope).unflatten(2, (parts, self.features[0]))
        hidden = F.leaky_relu(layer2 @ hidden, self.negative_slope)
        gaps = self._gathered((layer3 @ hidden).unflatten(3, (*self.kernel_out, -1)).unflatten(-1, grid))
        if self.linear_path:
            beside = (linear @ windows).unflatten(2, (parts, -1)).unflatten(-1, grid)
            gaps = gaps + beside[..., :gaps.shape[-2], self.kernel_out[1] // 2:][..., :gaps.shape[-1]]
        real, imaginary = gaps.view(*batch, frames, 2, self.coils, *gaps.shape[3:]).unbind(-5)
        return torch.complex(real, imaginary)

    def _gathered(self, taps: torch.Tensor) -> torch.Tensor:
        """The last layer's sum over its window, of (batch, frame, network, ky tap, kx tap, output, row, column)."""
        rows, columns = taps.shape[-2] - self.kernel_out[0] + 1, taps.shape[-1] - self.kernel_out[1] + 1
        return sum((taps[:, :, :, i, j, :, i:i + rows, j:j + columns]
                    for i in range(self.kernel_out[0]) for j in range(self.kernel_out[1])),
                   start=torch.zeros((), device=taps.device))


class TrainingData:
    """What a network learns from: calibration lines R apart, and those between them.

    lines    complex64 (start, frame, coil, line, kx): lines start, start + R, ... for start = 0 .. R - 1
    gaps     complex64 (start, frame, coil, R - 1, line - 1, kx): the lines between
    scale    (frame,): factor on the samples
    """

    def __init__(self, lines: Any, gaps: Any, scale: Any):
        self.lines, self.gaps, self.scale = lines, gaps, scale


def training_data(kspace: Any, mask: Any, *, calibration: Any = None, scale_maximum: float = 1.0) -> TrainingData:
    """The calibration lines of a k-space as a network for its gaps sees them; arguments as of `interpolate`."""
    samples, kind, _ = _shapes.canonical_coils(kspace)
    sampling = sampling_of(mask, samples)
    lines = _calibration_lines(samples, sampling, _shapes.beside(calibration, samples, "calibration"))
    rate, count = sampling.acceleration_ky, lines.shape[2]
    rows = (count - (rate - 1)) // rate
    if rows < 2:
        raise InputError("There are too few calibration lines to learn from", f"{count} at R = {rate}",
                         f"{3 * rate - 1} or more")
    scale = _scale(lines, scale_maximum)
    lines = lines * scale.view(-1, 1, 1, 1)
    lattices = torch.stack([lines[:, :, start::rate][:, :, :rows] for start in range(rate)])
    gaps = torch.stack([torch.stack([lines[:, :, start + j::rate][:, :, :rows - 1] for j in range(1, rate)], dim=2)
                        for start in range(rate)])
    return TrainingData(kind.give(lattices), kind.give(gaps), kind.give(scale))


class Training:
    """How a training went: `losses` (step, frame, network), `steps`, `reason` it stopped."""

    def __init__(self, losses: torch.Tensor, reason: str):
        self.losses, self.steps, self.reason = losses, losses.shape[0], reason

    def __repr__(self) -> str:
        mean = self.losses.mean(dim=(1, 2))
        return f"<raki.Training: {self.steps} steps, mean loss {mean[0]:.4g} to {mean[-1]:.4g}, {self.reason}>"


def train(kspace: Any, mask: Any, network: Network | None = None, *, calibration: Any = None, unit_noise: bool = False,
          progress: Callable[[float], None] | None = None, **options: Any) -> Any:
    """Learns from the calibration lines of a k-space; arguments as of `interpolate`.

    Without `network`: what method "raki" learns (its gate), to be given to `interpolate` or `reconstruct` as `network`; options
    as of `interpolate`. With a Network: trains its weights by the engine, in place, and returns a Training.
    """
    require_type(unit_noise, bool, "unit_noise")
    samples, _, _ = _shapes.canonical_coils(kspace)
    sampling = sampling_of(mask, samples)
    reference = _shapes.beside(calibration, samples, "calibration")
    if network is None:
        return _engine.learn(samples, sampling, reference, unit_noise, {"method": "raki", **options}, progress)
    if not isinstance(network, Network):
        raise InputError("The engine cannot train this network", type(network).__name__, "a raki.Network", "",
                         "training_data gives what a loop of your own needs")
    if options:
        raise InputError("A Network has its options itself", ", ".join(options), "none here")
    lines = _calibration_lines(samples, sampling, reference)
    _check_fit(network, lines, sampling)
    return _trained(network, lines, progress)


def _trained(network: Network, lines: torch.Tensor, progress: Callable[[float], None] | None) -> Training:
    training = _engine.Training(lines, network.acceleration, network._design(), network.weights.detach().to(lines.device))
    losses, reason = [], "all iterations"
    pace = network.patience if network.tolerance > 0 else network.iterations
    for first in range(0, network.iterations, pace):
        steps = min(pace, network.iterations - first)
        share = steps / network.iterations
        tell = None if progress is None else lambda done: progress(first / network.iterations + share * done)  # noqa: B023
        losses.append(training.advance(steps, tell))
        before = losses[-1][0].mean()
        if network.tolerance > 0 and steps == pace and (before - losses[-1][-1].mean()) < network.tolerance * before:
            reason = f"less than {network.tolerance:g} better in {pace} steps"
            break
    with torch.no_grad():
        network.weights.copy_(training.weights)
    return Training(torch.cat(losses), reason)


def filler(network: Any, frames: Sequence[int] | None = None, of: int | None = None) -> Callable[..., torch.Tensor]:
    """(samples, sampling, calibration) -> filled samples, by a Network or any torch module in its place.

    `frames`: which ones of a scan of `of` frames the samples will be. A Network of one frame serves all of them.
    """
    if not callable(network):
        raise InputError("This is no network", type(network).__name__, "a Network, a torch module, or what train gave")
    one_for_all = isinstance(network, Network) and network.frames == 1
    if isinstance(network, Network) and frames is not None and network.frames == of:
        network = network.of_frames(frames)

    def fill(samples: torch.Tensor, sampling: Sampling, calibration: torch.Tensor | None) -> torch.Tensor:
        scale = _scale(_calibration_lines(samples, sampling, calibration), getattr(network, "scale_maximum", 1.0))
        lines = _engine.lattice_lines(samples, sampling) * scale.view(-1, 1, 1, 1)
        with torch.no_grad():
            gaps = network(lines.unsqueeze(1)).squeeze(1) if one_for_all else network(lines)
        frames, coils, count, width = lines.shape
        wanted = (frames, coils, sampling.acceleration_ky - 1, count - 1, width)
        if not isinstance(gaps, torch.Tensor) or tuple(gaps.shape) != wanted or gaps.dtype != torch.complex64:
            found = f"{tuple(gaps.shape)} {gaps.dtype}" if isinstance(gaps, torch.Tensor) else type(gaps).__name__
            raise InputError("The network gave something else than the lines of the gaps", found,
                             f"{wanted} torch.complex64 (frame, coil, R - 1, line - 1, kx)")
        return _engine.write_gaps(gaps / scale.view(-1, 1, 1, 1, 1), sampling, samples)

    return fill


def _slope(activation: str | float) -> float:
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise InputError("Unknown activation", repr(activation), ", ".join(ACTIVATIONS) + ", or a slope")
        return ACTIVATIONS[activation]
    if not 0 <= activation <= 1:
        raise InputError("Not a slope of a leaky ReLU", str(activation), "0 (ReLU) to 1 (none)")
    return float(activation)


def _calibration_lines(samples: torch.Tensor, sampling: Sampling, calibration: torch.Tensor | None) -> torch.Tensor:
    """(frame, coil, ky, kx): separate ones, or the ACS of the k-space."""
    if samples.shape[2] > 1:
        raise InputError("Networks of this kind are two-dimensional", f"{samples.shape[2]} partitions", "slices: kz = 1")
    if calibration is not None:
        return calibration[:, :, 0]
    begin, end = sampling.acs_ky
    if end <= begin:
        raise InputError("The k-space has no calibration lines", str(sampling), "an ACS, or calibration=")
    return samples[:, :, 0, begin:end]


def _scale(lines: torch.Tensor, maximum: float) -> torch.Tensor:
    return maximum / lines.abs().amax(dim=(1, 2, 3)).clamp_min(1e-30)


def _check_fit(network: Network, lines: torch.Tensor, sampling: Sampling) -> None:
    found = (lines.shape[0], lines.shape[1], sampling.acceleration_ky)
    if found != (network.frames, network.coils, network.acceleration):
        raise InputError("The network is made for another k-space", "{} frames, {} coils, R = {}".format(*found),
                         f"{network.frames} frames, {network.coils} coils, R = {network.acceleration}", "",
                         f"raki.Network({found[1]}, {found[2]}, frames={found[0]}) fits")
    span = (network.kernel[0] + network.kernel_out[0] - 2) * network.acceleration + 1
    width = 2 * network.margin[0] + 1
    if lines.shape[2] < span or lines.shape[3] < width:
        raise InputError("The kernel does not fit into the calibration lines", f"{lines.shape[2]} x {lines.shape[3]} (ky x kx)",
                         f"{span} x {width} or more")
