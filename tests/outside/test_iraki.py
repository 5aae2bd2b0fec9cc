"""iraki step by step against the same network in PyTorch, from the same initial weights and the same GRAPPA start, over
two outer steps: training, filling, writing back, training on."""
import sys
import pathlib

import numpy as np
import pytest
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import networks_torch as reference  # noqa: E402

R, ACS, STEPS, COILS, NY, NX = 4, 18, 10, 3, 80, 32
RATES = (5e-4, 5e-4 - 3e-5)
pytestmark = pytest.mark.skipif(
    reference.program() is None, reason=f"{reference.PROGRAM} is not built (RAKI_BUILD names the build folder)")


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("iraki")
    reference.run_program(reference.smooth_object(COILS, NY, NX), folder, R, ACS, STEPS, method="iraki", rounds=len(RATES))
    return {p.stem: np.load(p) for p in folder.glob("*.npy")}


def conv_weights(ours):
    """Our axes to conv2d's (part, out, in, ky, kx)."""
    one, two, three = (torch.from_numpy(ours[f"initial{n}"]) for n in (1, 2, 3))
    return (one.view(2, 256, COILS, 4, 7), two[..., None, None],
            three.view(2, 5, COILS * (R - 1), 128).permute(0, 2, 3, 1).unsqueeze(3))


@pytest.fixture(scope="module")
def theirs(ours):
    """Filled k-space and losses."""
    return reference.iraki(ours["undersampled"], ours["start"], R, (STEPS, STEPS), RATES, conv_weights(ours))


def test_initial_weights_are_torchs(ours):
    for number, inputs in ((1, COILS * 28), (2, 256), (3, 128 * 5)):
        reach, weights = inputs ** -0.5, ours[f"initial{number}"]
        assert 0.95 * reach < np.abs(weights).max() <= reach
        assert abs(weights.std() - reach / 3 ** 0.5) < 0.02 * reach


def test_losses_of_two_outer_steps(ours, theirs):
    assert ours["losses"].shape == (len(RATES) * STEPS,)
    np.testing.assert_allclose(ours["losses"], theirs[1], rtol=1e-4)
    assert ours["losses"][-1] < ours["losses"][0]


def test_the_same_lines_are_filled(ours, theirs):
    size = np.abs(theirs[0]).max(axis=(0, 2))
    assert (np.abs(ours["filled"] - theirs[0]).max(axis=(0, 2)) <= 1e-4 * size).all()
    regular = abs(ours["undersampled"]).any(axis=(0, 2))
    assert np.array_equal(ours["filled"][:, regular], ours["undersampled"][:, regular])
    changed = (ours["filled"] != ours["start"]).any(axis=(0, 2))
    inner = [line for line, _, gap in reference.missing_lines(ours["undersampled"], R) if 1 <= gap < NY // R - 2]
    assert changed[inner].all() and changed.sum() == len(inner) > NY / 3
