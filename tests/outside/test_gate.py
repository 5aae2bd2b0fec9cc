"""The gate of `raki` stage by stage against its statement in plain PyTorch (support/gate_torch.py), every stage from what the
engine had before it, and then the whole method at once.

Measured on the three scans: images 1e-6, local noise and factors 2e-5, losses 2e-6, weights 5e-5, NRMSE 2e-6. The bounds
leave room for another processor's rounding. Small mistakes put into the statement (a noise window of 7, 11 noise steps, another
divisor of n log p, edges along the other axis, a detached centre, a rate of 0.0301) all move the weights by 3e-3 or more.
"""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import torch

from judges import ROOT, need

sys.path.insert(0, str(ROOT / "tests" / "support"))
import full_scans  # noqa: E402
import gate_torch as reference  # noqa: E402
import image_model_torch as model  # noqa: E402
from networks_torch import smooth_object  # noqa: E402

DATA = pathlib.Path(os.environ.get("RAKI_DATA", ROOT.parent / "shared" / "data"))
SEED, STEPS, THREADS = 1, 10, 1  # small arrays: threads wait for each other longer than they compute


def simulated():
    """Smooth coils in noise; both halves have an odd size."""
    kspace, random = smooth_object(6, 70, 54), np.random.default_rng(3)
    noise = random.standard_normal((2, *kspace.shape)).astype(np.float32) * np.sqrt(0.5, dtype=np.float32)
    return kspace * (1000 / abs(kspace).max()) + noise[0] + 1j * noise[1]


def full_scan(name):
    if name == "simulated":
        return simulated().astype(np.complex64)
    if not DATA.is_dir():
        pytest.skip(f"no shared scans at {DATA} (RAKI_DATA says where)")
    return full_scans.load(DATA, name)


class Engine:
    """What the engine has at every stage, as tensors by the names of support/gate_steps.cpp."""

    def __init__(self, name, acceleration, acs, folder):
        self.full, self.acceleration, self.folder = full_scan(name), acceleration, folder
        np.save(folder / "kspace.npy", self.full)
        self.lattice = [folder / "kspace.npy", folder, acceleration, acs, THREADS]
        self.numbers = json.loads(self.run("stages", *self.lattice, SEED, STEPS))
        self.arrays = {path.stem: torch.from_numpy(np.load(path)) for path in folder.glob("*.npy")}

    def run(self, *arguments):
        return subprocess.run([need("gate_steps"), *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def __getitem__(self, name):
        return self.arrays[name]

    def levels(self, name):
        return [self[f"{name}_{level}"] for level in range(model.LEVELS)]

    def fill_again(self, lines):
        """The kernel of the fusion, which has judges of its own."""
        np.save(self.folder / "calibration.npy", lines.numpy())
        (self.folder / "kernel.npy").unlink(missing_ok=True)
        self.run("kernel", *self.lattice)
        return torch.from_numpy(np.load(self.folder / "kernel.npy"))

    def scan(self):
        start = model.from_lines(self["maps"], self["linear"])
        problem = model.Problem(self["measured"], self["mask"], self["maps"], start)
        return model.Scan(problem, self["linear"], self["gain"], self.numbers["centre"])

    def half_scan(self, i):
        problem = model.Problem(self[f"half_{i}_data"], self[f"half_{i}_mask"], self["half_maps"], self[f"half_{i}_start"])
        return reference.HalfScan(problem, self[f"half_{i}_begun"], self[f"half_{i}_truth"])

    def half_scans(self):
        return [self.half_scan(i) for i in range(reference.DRAWS)]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=[("simulated", 3, 20), ("prescan16", 4, 24),
                                        pytest.param(("brain8", 4, 40), marks=pytest.mark.slow)], ids=lambda p: p[0])
def engine(request, tmp_path_factory):
    return Engine(*request.param, tmp_path_factory.mktemp("gate"))


def difference(ours, theirs):
    """Relative, in the root mean square."""
    return float(torch.linalg.norm(ours - theirs) / torch.linalg.norm(theirs))


def largest_difference(ours, theirs):
    """Over all levels."""
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))


def image_error(engine, kspace):
    return full_scans.nrmse(full_scans.root_sum_of_squares(kspace.numpy()), full_scans.root_sum_of_squares(engine.full))


def test_the_image_model_and_its_fusion(engine):
    scan = engine.scan()
    assert difference(engine["begun"], model.begin(scan.problem)) < 1e-5
    lines, images, fusion = model.filled(scan, engine["begun"], model.wiener(reference.DETAIL), engine.fill_again)
    assert difference(engine["images"], images) < 1e-5
    assert difference(engine["filled"], lines) < 1e-5
    assert engine.numbers["fusion"] == pytest.approx(fusion, abs=1e-4)


def test_half_scans(engine):
    noise_power = reference.half_scan_noise(engine["images"])
    assert engine.numbers["half_noise"] == pytest.approx(noise_power, rel=1e-5)
    whole = model.with_data(engine.scan().problem, engine["filled"])
    for i in range(reference.DRAWS):
        truth, data, mask = reference.half_scan_data(whole, engine["mask"], engine.acceleration, noise_power, i, SEED)
        assert torch.equal(engine[f"half_{i}_mask"], mask)
        assert difference(engine[f"half_{i}_truth"], truth) < 1e-5
        assert difference(engine[f"half_{i}_data"], data) < 1e-5
        begun = model.begin(engine.half_scan(i).problem)
        assert difference(engine[f"half_{i}_begun"], begun) < 1e-5


def test_local_noise(engine):
    for i, scan in enumerate(engine.half_scans()):
        noise = reference.local_noise(scan.problem, scan.begun, engine.numbers["half_detail"], SEED + reference.DRAWS)
        assert largest_difference(engine.levels(f"half_{i}_noise"), noise) < 1e-4


def test_the_best_detail(engine):
    found = reference.best_detail(engine.half_scans()[:2])
    assert engine.numbers["half_detail"] == pytest.approx(found, rel=1e-3)
    assert engine.numbers["detail"] == pytest.approx(reference.detail_of_scan(found), rel=1e-3)


def test_factors_of_a_trained_gate(engine):
    gate = reference.Gate(engine.numbers["half_detail"], engine["weights"], engine["bias"], reference.DAMPING)
    plain = model.wiener(gate.detail)(engine["half_0_begun"])
    factors = gate.factors(engine.levels("half_0_noise"))(engine["half_0_begun"])
    assert largest_difference(engine.levels("factors"), factors) < 1e-4
    assert largest_difference(plain, factors) > 1e-2


def test_steps_of_training(engine):
    gate, losses = reference.train(engine.half_scans(), engine.numbers["half_detail"], STEPS, SEED + reference.DRAWS)
    np.testing.assert_allclose(engine["losses"], losses, rtol=2e-5)
    assert losses[-1] < 0.999
    size = gate.weights.abs().max()
    assert largest_difference([engine["weights"], engine["bias"]], [gate.weights, gate.bias]) < 1e-3 * size


def test_the_whole_method(engine):
    starts = [engine[f"half_{i}_start"] for i in range(reference.DRAWS)]
    given = reference.Given(engine.scan(), engine.acceleration, engine["half_maps"], starts, engine.fill_again)
    answer = reference.raki(given, SEED)
    assert engine.numbers["detail"] == pytest.approx(answer.gate.detail, rel=1e-2)
    np.testing.assert_allclose(engine["method_losses"], answer.losses, rtol=1e-3)
    learned = [engine["method_weights"], engine["method_bias"]]
    assert largest_difference(learned, [answer.gate.weights, answer.gate.bias]) < 1e-2 * answer.gate.weights.abs().max()
    in_samples = model.to_kspace(answer.lines * engine["column_noise"][:, None]) * engine["sigma"][:, None, None]
    assert difference(engine["method_filled"], in_samples) < 1e-4
    assert image_error(engine, engine["method_filled"]) == pytest.approx(image_error(engine, in_samples), rel=1e-3)
