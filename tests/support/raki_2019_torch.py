"""RAKI as its description reads, in plain PyTorch: one network after another, torch.nn.Conv2d and torch.optim.Adam.

Shared by tests/outside/test_raki_2019.py (same steps, same numbers) and tests/bench/raki_2019_python.py (how long).
k-space is (coil, ky, kx); the convolutions see (1, 2 coil, ky, kx).
"""
import os
import pathlib
import subprocess

import numpy as np
import torch

PROGRAM = "raki_2019_steps"


def program():
    """Path of the small C++ program, or None. RAKI_BUILD names the build folder (default: build in the source tree)."""
    root = pathlib.Path(__file__).resolve().parents[2]
    path = pathlib.Path(os.environ.get("RAKI_BUILD", root / "build")) / "bin" / PROGRAM
    return path if path.exists() else None


def run_program(kspace, folder, acceleration, acs, steps, seed=1, threads=1):
    """Runs the C++ program; its standard output."""
    folder = pathlib.Path(folder)
    np.save(folder / "kspace.npy", kspace)
    arguments = [program(), folder / "kspace.npy", folder, acceleration, acs, steps, seed, threads]
    return subprocess.run([str(a) for a in arguments], check=True, capture_output=True, text=True).stdout


def stacked_parts(lines):
    return torch.from_numpy(np.concatenate([lines.real, lines.imag]).astype(np.float32))[None]


def make_network(features_in, acceleration, dilation, weights=None):
    """weights: (layer 1, layer 2, layer 3) as conv2d wants them; None: truncated normal, sd 0.1."""
    conv = lambda i, o, k: torch.nn.Conv2d(i, o, k, dilation=(dilation, 1), bias=False)
    layers = [conv(features_in, 32, (2, 5)), conv(32, 8, (1, 1)), conv(8, acceleration - 1, (2, 3))]
    for number, layer in enumerate(layers):
        with torch.no_grad():
            if weights is None:
                torch.nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
            else:
                layer.weight.copy_(weights[number])
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def targets_of(data, acceleration):
    """data (1, 2 coil, ky, kx) -> (2 coil, R - 1, ky - 2 R, kx - 6): the lines of the first gap under each window."""
    rows = data.shape[2] - 2 * acceleration
    return torch.stack([data[0, :, j:j + rows, 3:-3] for j in range(1, acceleration)], 1)


def train(network, data, target, steps, learning_rate=3e-3):
    """Full batch, Frobenius norm, Adam. The loss before every step."""
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = torch.linalg.norm(network(data)[0] - target)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
