"""raki-2019 step by step against the same networks in PyTorch, from the same initial weights."""
import sys
import pathlib

import numpy as np
import pytest
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import networks_torch as reference  # noqa: E402

R, ACS, STEPS, COILS, NY, NX = 3, 18, 10, 3, 48, 32
pytestmark = pytest.mark.skipif(
    reference.program() is None, reason=f"{reference.PROGRAM} is not built (RAKI_BUILD names the build folder)")


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raki_2019")
    reference.run_program(reference.smooth_object(COILS, NY, NX), folder, R, ACS, STEPS)
    return {p.stem: np.load(p) for p in folder.glob("*.npy")}


def conv_weights(ours, stage, network):
    """Our axes to conv2d's (out, in, ky, kx)."""
    one = torch.from_numpy(ours[stage + "1"]).view(2 * COILS, 32, 2 * COILS, 2, 5)[network]
    two = torch.from_numpy(ours[stage + "2"])[network][:, :, None, None]
    three = torch.from_numpy(ours[stage + "3"]).view(2 * COILS, 2, 3, R - 1, 8)[network].permute(2, 3, 0, 1)
    return one, two, three


@pytest.fixture(scope="module")
def theirs(ours):
    """Losses (step, network)."""
    lines = ours["calibration"]
    data = reference.stacked_parts(lines * (0.015 / np.abs(lines).max()))
    targets = reference.targets_of(data, R)
    networks = [reference.make_network(2 * COILS, R, R, conv_weights(ours, "initial", n)) for n in range(2 * COILS)]
    losses = [reference.train(network, data, targets[n], STEPS) for n, network in enumerate(networks)]
    return np.array(losses).T


def test_initial_weights_are_truncated_normal(ours):
    # A normal of sd 0.1 cut at two standard deviations has sd 0.088.
    for layer in (ours["initial1"], ours["initial2"]):
        assert np.abs(layer).max() <= 0.2
        assert abs(layer.std() - 0.088) < 0.004


def test_losses_of_ten_steps(ours, theirs):
    assert ours["losses"].shape == (STEPS, 2 * COILS)
    np.testing.assert_allclose(ours["losses"], theirs, rtol=1e-4)
    assert (ours["losses"][-1] < ours["losses"][0]).all()


def test_trained_networks_fill_the_same_lines(ours):
    networks = [reference.make_network(2 * COILS, R, 1, conv_weights(ours, "trained", n)) for n in range(2 * COILS)]
    reference.check_filled_lines(ours, networks, R)
