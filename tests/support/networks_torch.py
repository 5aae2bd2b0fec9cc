"""The published networks as their descriptions read, in plain PyTorch: torch.nn.Conv2d, autograd and torch.optim.Adam.

Shared by tests/outside/test_raki_2019.py, test_rraki.py and test_iraki.py (same steps, same numbers) and by
tests/bench/raki_2019_python.py (how long). k-space is (coil, ky, kx); the real convolutions see (1, 2 coil, ky, kx), the
complex ones (1, coil, ky, kx).
"""
import os
import pathlib
import subprocess

import numpy as np
import torch

PROGRAM = "network_steps"


def program():
    """Path of the small C++ program, or None. RAKI_BUILD names the build folder (default: build in the source tree)."""
    root = pathlib.Path(__file__).resolve().parents[2]
    path = pathlib.Path(os.environ.get("RAKI_BUILD", root / "build")) / "bin" / PROGRAM
    return path if path.exists() else None


def run_program(kspace, folder, acceleration, acs, steps, seed=1, threads=1, method="raki-2019", rounds=1):
    """Runs the C++ program; its standard output."""
    folder = pathlib.Path(folder)
    np.save(folder / "kspace.npy", kspace)
    arguments = [program(), method, folder / "kspace.npy", folder, acceleration, acs, steps, seed, threads, rounds]
    return subprocess.run([str(a) for a in arguments], check=True, capture_output=True, text=True).stdout


def smooth_object(coils, ny, nx):
    """Coil k-space that falls off from the centre like a real one, from a fixed seed."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[-1:1:ny * 1j, -1:1:nx * 1j]
    body = ((y / .8) ** 2 + (x / .7) ** 2 < 1) * (1 + .3 * rng.standard_normal((ny, nx)))
    seen = [np.exp(-((y - a) ** 2 + (x - b) ** 2) + 1j * (a * x - b * y)) for a, b in rng.uniform(-1, 1, (coils, 2))]
    centred = lambda z: np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(z), norm="ortho"))
    return np.stack([centred(body * c) for c in seen]).astype(np.complex64)


def missing_lines(kspace, acceleration):
    """(line, offset, gap) of every line of `kspace` that is missing in a gap between two regular ones."""
    first, ny = kspace.shape[1] // 2 % acceleration, kspace.shape[1]
    for gap in range(len(range(first, ny, acceleration)) - 1):
        for offset in range(1, acceleration):
            line = first + gap * acceleration + offset
            if not abs(kspace[:, line]).any():
                yield line, offset, gap


# --- raki-2019 and rraki: one real network for each real and each imaginary part of a coil


def stacked_parts(lines):
    return torch.from_numpy(np.concatenate([lines.real, lines.imag]).astype(np.float32))[None]


def truncated_normal(weight):
    torch.nn.init.trunc_normal_(weight, std=0.1, a=-0.2, b=0.2)


def make_network(features_in, acceleration, dilation, weights=None):
    """weights: (layer 1, layer 2, layer 3) as conv2d wants them; None: truncated normal, sd 0.1."""
    conv = lambda i, o, k: torch.nn.Conv2d(i, o, k, dilation=(dilation, 1), bias=False)
    layers = [conv(features_in, 32, (2, 5)), conv(32, 8, (1, 1)), conv(8, acceleration - 1, (2, 3))]
    for number, layer in enumerate(layers):
        with torch.no_grad():
            truncated_normal(layer.weight) if weights is None else layer.weight.copy_(weights[number])
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def targets_of(data, acceleration):
    """data (1, 2 coil, ky, kx) -> (2 coil, R - 1, ky - 2 R, kx - 6): the lines of the first gap under each window."""
    rows = data.shape[2] - 2 * acceleration
    return torch.stack([data[0, :, j:j + rows, 3:-3] for j in range(1, acceleration)], 1)


def gaps_of(undersampled, networks, acceleration):
    """What `networks` (dilation 1), one for every real and imaginary part, make of the gaps: (coil, R - 1, gap, kx)."""
    coils, ny, _ = undersampled.shape
    padded = stacked_parts(np.pad(undersampled[:, ny // 2 % acceleration::acceleration], ((0, 0), (0, 1), (3, 3))))
    with torch.no_grad():
        parts = np.stack([network(padded)[0].numpy() for network in networks])
    return parts[:coils] + 1j * parts[coils:]


def check_filled_lines(ours, networks, acceleration):
    """The lines our program filled are those `networks` (dilation 1) give."""
    expected = gaps_of(ours["undersampled"], networks, acceleration)
    missing = list(missing_lines(ours["undersampled"], acceleration))
    assert len(missing) > ours["undersampled"].shape[1] / 3
    for line, offset, gap in missing:
        size = np.abs(expected[:, offset - 1, gap]).max()
        np.testing.assert_allclose(ours["filled"][:, line], expected[:, offset - 1, gap], atol=1e-4 * size)


def train(network, data, target, steps, learning_rate=3e-3, loss_of=None):
    """Full batch, Adam; the loss is the Frobenius norm of the error unless `loss_of(network, data, target)` says other.
    The loss before every step."""
    loss_of = loss_of or (lambda network, data, target: torch.linalg.norm(network(data)[0] - target))
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = loss_of(network, data, target)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


class ResidualRaki(torch.nn.Module):
    """G + F: a linear 2 x 5 convolution beside a RAKI network, cut so that both look at the same target."""

    def __init__(self, features_in, acceleration, dilation, weights=None, linear=None):
        super().__init__()
        self.network = make_network(features_in, acceleration, dilation, weights)
        self.linear = torch.nn.Conv2d(features_in, acceleration - 1, (2, 5), dilation=(dilation, 1), bias=False)
        self.dilation = dilation
        with torch.no_grad():
            truncated_normal(self.linear.weight) if linear is None else self.linear.weight.copy_(linear)

    def with_dilation(self, dilation):
        layers = [layer.weight for layer in self.network if isinstance(layer, torch.nn.Conv2d)]
        return ResidualRaki(layers[0].shape[1], layers[2].shape[0] + 1, dilation, layers, self.linear.weight)

    def both(self, data):
        # The network sees 7 samples of lines 0, R and 2 R about its target, the linear path 5 of lines 0 and R.
        return self.linear(data[:, :, :data.shape[2] - self.dilation, 1:-1]), self.network(data)

    def forward(self, data):
        return sum(self.both(data))


def residual_loss(network, data, target):
    """|y - G - F| + |y - G|."""
    linear, nonlinear = (path[0] for path in network.both(data))
    return torch.linalg.norm(target - linear - nonlinear) + torch.linalg.norm(target - linear)


def rraki(undersampled, calibration, acceleration, steps):
    """Filled k-space, from random weights: one network after another."""
    data = stacked_parts(calibration / abs(calibration).max())
    networks = []
    for target in targets_of(data, acceleration):
        trained = ResidualRaki(data.shape[1], acceleration, acceleration)
        train(trained, data, target, steps, 1e-3, residual_loss)
        networks.append(trained.with_dilation(1))
    gaps, filled = gaps_of(undersampled, networks, acceleration), undersampled.copy()
    for line, offset, gap in missing_lines(undersampled, acceleration):
        filled[:, line] = gaps[:, offset - 1, gap]
    return filled


# --- iraki: one complex network for all coils


class ComplexConvolution(torch.nn.Module):
    """Two real convolutions, as torch starts them or with the given weights (part, out, in, ky, kx)."""

    def __init__(self, features_in, features_out, kernel, dilation=1, weights=None):
        super().__init__()
        make = lambda: torch.nn.Conv2d(features_in, features_out, kernel, dilation=(dilation, 1), bias=False)
        self.real, self.imag = make(), make()
        if weights is not None:
            with torch.no_grad():
                self.real.weight.copy_(weights[0])
                self.imag.weight.copy_(weights[1])

    def forward(self, x):
        return torch.complex(self.real(x.real) - self.imag(x.imag), self.real(x.imag) + self.imag(x.real))


class IterativeRaki(torch.nn.Module):
    """4 x 7 -> 256, 1 x 1 -> 128, 1 x 5 -> (R - 1) C (ky x kx), leaky ReLU of slope 0.5 on real and imaginary parts."""

    def __init__(self, coils, acceleration, dilation, weights=(None, None, None)):
        super().__init__()
        self.first = ComplexConvolution(coils, 256, (4, 7), dilation, weights[0])
        self.second = ComplexConvolution(256, 128, 1, 1, weights[1])
        self.third = ComplexConvolution(128, coils * (acceleration - 1), (1, 5), 1, weights[2])

    def forward(self, x):
        leaky = lambda z: torch.complex(*(torch.nn.functional.leaky_relu(part, 0.5) for part in (z.real, z.imag)))
        return self.third(leaky(self.second(leaky(self.first(x)))))


def power_of_ten(kspace):
    """The factor that gives the smallest non-zero magnitude one digit before the point."""
    return 10. ** -np.floor(np.log10(abs(kspace[kspace != 0]).min()))


def iraki(undersampled, start, acceleration, epochs, rates, weights=(None, None, None)):
    """Filled k-space and the losses of all steps. `start`: the k-space GRAPPA made of `undersampled`."""
    coils, ny, nx = undersampled.shape
    first = ny // 2 % acceleration
    regular = torch.from_numpy(undersampled[:, first::acceleration])
    scale = power_of_ten(undersampled[:, first::acceleration])
    last = first + (regular.shape[1] - 1) * acceleration
    count = min(65, last + 1 - first)
    begin = min(max((ny - count) // 2, first), last + 1 - count)
    network, current, losses = IterativeRaki(coils, acceleration, acceleration, weights), start.copy(), []
    optimiser = torch.optim.Adam(network.parameters(), lr=rates[0])
    for outer, rate in enumerate(rates):
        optimiser.param_groups[0]["lr"] = rate
        lines = torch.from_numpy((current[:, begin:begin + count] * scale).astype(np.complex64))
        rows = count - 3 * acceleration
        target = torch.stack([lines[:, acceleration + j:acceleration + j + rows, 5:-5] for j in range(1, acceleration)], 1)
        for _ in range(epochs[min(outer, 1)]):
            optimiser.zero_grad()
            error = network(lines[None])[0] - target.flatten(0, 1)
            loss = error.real.square().mean() + error.imag.square().mean()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        network.first.real.dilation = network.first.imag.dilation = (1, 1)
        with torch.no_grad():
            gaps = network(torch.nn.functional.pad(regular, (5, 5))[None])[0].view(coils, acceleration - 1, -1, nx).numpy()
        network.first.real.dilation = network.first.imag.dilation = (acceleration, 1)
        for line, offset, gap in missing_lines(undersampled, acceleration):
            if 1 <= gap <= gaps.shape[2]:
                current[:, line] = gaps[:, offset - 1, gap - 1]
    return current, np.array(losses)
