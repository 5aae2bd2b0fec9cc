"""Training `raki`'s networks against the published way: PyTorch in Python, one network after another.

    python tests/bench/raki_python.py [--coils 8 --ky 256 --kx 256 --acceleration 4 --acs 40 --threads 2]

The same layers, targets, noise and optimiser on lines of the same size, for as many steps as ours took; the ratio of the best times is the
result. One JSON line. Only time is compared: the values are random, and that our gradients and Adam are right is tested elsewhere
(tests/unit/raki_network_test.cpp).
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import torch

from raki_2019_python import phantom

BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))


class Network(torch.nn.Module):
    """Window of two regular lines x 5, and a line of trust in them, -> 32 -> 8 -> R - 1 lines."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first = torch.nn.Conv2d(inputs, 32, (2, 5))
        self.trust = torch.nn.Conv2d(1, 32, 1, bias=False)
        self.second = torch.nn.Conv2d(32, 8, 1, bias=False)
        self.third = torch.nn.Conv2d(8, outputs, (1, 3), bias=False)
        torch.nn.init.zeros_(self.third.weight)

    def forward(self, lines, trust):
        hidden = torch.relu(self.first(lines) + self.trust(trust))
        return self.third(torch.relu(self.second(hidden)))


def python_way(a, steps):
    gaps = a.acs // a.acceleration - 1
    lines = torch.randn(1, 2 * a.coils, gaps + 1, a.kx + 6)
    trust = torch.rand(1, 1, gaps, a.kx + 2)
    share = torch.rand(a.acceleration - 1, gaps, a.kx)
    start = time.perf_counter()
    for _ in range(2 * a.coils):
        network, target = Network(2 * a.coils, a.acceleration - 1), torch.randn(a.acceleration - 1, gaps, a.kx)
        optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
        for _ in range(steps):
            optimiser.zero_grad()
            ((network(lines + torch.randn_like(lines), trust)[0] - target).square() * share).sum().backward()
            optimiser.step()
    return time.perf_counter() - start


def our_way(kspace, a):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "kspace.npy"
        np.save(path, kspace)
        done = subprocess.run([BUILD / "bin/residual_trial", path, str(a.acceleration), str(a.acs), str(a.threads)],
                              check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return found["training_seconds"], int(found["steps"])


def main():
    parser = argparse.ArgumentParser()
    for name, value in dict(coils=8, ky=256, kx=256, acceleration=4, acs=40, threads=2, turns=3).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    kspace = phantom(a.coils, a.ky, a.kx)
    ours, steps = zip(*(our_way(kspace, a) for _ in range(a.turns)))
    theirs = min(python_way(a, steps[0]) for _ in range(a.turns))
    print(json.dumps(dict(benchmark="raki_python", **vars(a), steps=steps[0], python_seconds=theirs, raki_seconds=min(ours),
                          ratio=theirs / min(ours))))


if __name__ == "__main__":
    main()
