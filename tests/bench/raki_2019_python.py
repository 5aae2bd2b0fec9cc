"""raki-2019 against the published way of training it: PyTorch in Python, one network after another.

    python tests/bench/raki_2019_python.py [--coils 8 --ky 256 --kx 256 --acceleration 4 --acs 40 --steps 100]

Both take the same steps on the same noisy phantom, turn and turn about, on the same threads; the ratio of their best
times is the result. One JSON line. Their random numbers differ, so the losses agree on average over the networks only.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import networks_torch as reference  # noqa: E402


def phantom(coils, ny, nx):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:ny * 1j, -1:1:nx * 1j]
    body = 1. * ((y / .8) ** 2 + (x / .7) ** 2 < 1) - .5 * ((y - .2) ** 2 + x ** 2 < .1) + .5 * (abs(y) + abs(x) < .2)
    angle = 2 * np.pi * np.arange(coils) / coils
    coil = lambda a: np.exp(-((y - np.sin(a)) ** 2 + (x - np.cos(a)) ** 2) + 2j * (np.sin(a) * x - np.cos(a) * y))
    k = np.stack([np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(body * coil(a)), norm="ortho")) for a in angle])
    noise = rng.standard_normal(k.shape) + 1j * rng.standard_normal(k.shape)
    return (k + .01 * noise).astype(np.complex64)


def python_way(lines, acceleration, steps):
    """Seconds and the last loss of every network."""
    data = reference.stacked_parts(lines * (0.015 / np.abs(lines).max()))
    targets = reference.targets_of(data, acceleration)
    start, last = time.perf_counter(), []
    for target in targets:
        network = reference.make_network(data.shape[1], acceleration, acceleration)
        last.append(reference.train(network, data, target, steps)[-1])
    return time.perf_counter() - start, last


def our_way(kspace, a):
    with tempfile.TemporaryDirectory() as folder:
        out = reference.run_program(kspace, folder, a.acceleration, a.acs, a.steps, threads=a.threads)
        last, lines = (np.load(pathlib.Path(folder) / name) for name in ("losses.npy", "calibration.npy"))
        return json.loads(out)["training_seconds"], last[-1], lines


def main():
    parser = argparse.ArgumentParser()
    for name, value in dict(coils=8, ky=256, kx=256, acceleration=4, acs=40, steps=100, threads=2, turns=2).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    a = parser.parse_args()
    if reference.program() is None:
        sys.exit(f"{reference.PROGRAM} is not built (RAKI_BUILD names the build folder)")
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    kspace = phantom(a.coils, a.ky, a.kx)
    turns = []
    for _ in range(a.turns):
        ours = our_way(kspace, a)
        turns.append((python_way(ours[2], a.acceleration, a.steps), ours))
    theirs, ours = (min(t[i][0] for t in turns) for i in (0, 1))
    loss = [float(np.mean(turns[0][i][1])) for i in (0, 1)]
    print(json.dumps(dict(benchmark="raki_2019_python", **vars(a), python_seconds=theirs, raki_seconds=ours,
                          ratio=theirs / ours, python_loss=loss[0], raki_loss=loss[1])))


if __name__ == "__main__":
    main()
