"""rraki step by step against the same networks in PyTorch, from the same initial weights; and trained to the end."""
import sys
import pathlib

import numpy as np
import pytest
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import networks_torch as reference  # noqa: E402
from test_raki_2019 import ACS, COILS, NX, NY, R, STEPS, conv_weights  # noqa: E402

pytestmark = pytest.mark.skipif(
    reference.program() is None, reason=f"{reference.PROGRAM} is not built (RAKI_BUILD names the build folder)")


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rraki")
    reference.run_program(reference.smooth_object(COILS, NY, NX), folder, R, ACS, STEPS, method="rraki")
    return {p.stem: np.load(p) for p in folder.glob("*.npy")}


def network(ours, stage, number, dilation):
    linear = torch.from_numpy(ours[stage + "_linear"]).view(2 * COILS, R - 1, 2 * COILS, 2, 5)[number]
    return reference.ResidualRaki(2 * COILS, R, dilation, conv_weights(ours, stage, number), linear)


def test_the_linear_path_starts_at_random_too(ours):
    assert np.abs(ours["initial_linear"]).max() <= 0.2
    assert abs(ours["initial_linear"].std() - 0.088) < 0.01


def test_losses_of_ten_steps(ours):
    lines = ours["calibration"]
    data = reference.stacked_parts(lines / np.abs(lines).max())
    targets = reference.targets_of(data, R)
    theirs = [reference.train(network(ours, "initial", n, R), data, targets[n], STEPS, 1e-3, reference.residual_loss)
              for n in range(2 * COILS)]
    np.testing.assert_allclose(ours["losses"], np.array(theirs).T, rtol=1e-4)
    assert (ours["losses"][-1] < ours["losses"][0]).all()


def test_trained_networks_fill_the_same_lines(ours):
    reference.check_filled_lines(ours, [network(ours, "trained", n, 1) for n in range(2 * COILS)], R)


def test_the_linear_path_lies_on_its_target(tmp_path):
    """Coil 1 is coil 0 moved by a line and two samples, so a missing sample of one is a sample of the other at the very
    end of the linear path's window: a path that lies one sample beside its target cannot reach it in both coils."""
    rng = np.random.default_rng(3)
    k = (rng.standard_normal((97, 66)) + 1j * rng.standard_normal((97, 66))).astype(np.complex64)
    reference.run_program(np.stack([k[1:, 2:], k[:-1, :-2]]), tmp_path, 2, 49, 2000, method="rraki")
    linear = np.load(tmp_path / "trained_linear.npy").reshape(4, 4, 2, 5)  # network, part, line, sample
    expected = np.zeros_like(linear)  # parts: real of both coils, imaginary of both coils
    for part in (0, 2):
        expected[part, part + 1, 1, 4] = expected[part + 1, part, 0, 0] = 1
    assert abs(linear - expected).max() < 0.1
