"""Networks: the engine's training, the caller's own, and modules that stand in for ours."""

import numpy as np
import pytest
import torch

import raki


def relative(a, b):
    return float(np.linalg.norm(np.asarray(a) - np.asarray(b)) / np.linalg.norm(np.asarray(b)))


@pytest.mark.parametrize("name", ["raki-2019", "rraki"])
def test_the_engines_training_of_a_network_is_the_method(kspace, phantom, name):
    network = raki.Network.published(name, 6, 4, frames=2, iterations=25)
    training = raki.train(kspace, phantom.mask, network)
    assert training.losses.shape == (25, 2, 12) and training.losses[-1].mean() < training.losses[0].mean()
    ours = raki.interpolate(kspace, phantom.mask, network=network).kspace
    published = raki.interpolate(kspace, phantom.mask, name, iterations=25).kspace
    assert relative(ours, published) < 1e-6


@pytest.mark.parametrize("options", [{}, {"linear_path": True}, {"activation": 0.3}, {"activation": "none", "linear_path": True},
                                     {"kernel": (3, 7), "kernel_out": (1, 1), "features": (5, 3)}, {"kernel": (1, 1)}])
def test_the_module_is_the_engines_network(kspace, phantom, options):
    """Forward pass and gradients of torch against those the engine has written out."""
    data = raki.training_data(torch.from_numpy(kspace), phantom.mask)
    network = raki.Network(6, 4, frames=2, learning_rate=0.0, iterations=1, **options)
    engine_loss = raki.train(kspace, phantom.mask, network).losses[0]
    begin, end = raki.detect_sampling(phantom.mask).acs_ky
    lines = torch.from_numpy(kspace)[:, :, 0, begin:end] * data.scale.view(-1, 1, 1, 1)
    loss = losses_of(network, lines)
    assert relative(loss.detach(), engine_loss) < 1e-5

    trained = raki.Network(6, 4, frames=2, learning_rate=1e-3, iterations=3, **options)
    own = raki.Network(6, 4, frames=2, **options)
    optimizer = torch.optim.Adam(own.parameters(), 1e-3)
    raki.train(kspace, phantom.mask, trained)
    for _ in range(3):
        optimizer.zero_grad()
        losses_of(own, lines).sum().backward()
        optimizer.step()
    step = trained.weights.detach() - raki.Network(6, 4, frames=2, **options).weights.detach()
    mine = own.weights.detach() - raki.Network(6, 4, frames=2, **options).weights.detach()
    assert relative(mine, step) < 0.02  # Adam's first steps have the size of the rate whatever the gradient


def losses_of(network, lines):
    """(frame, network): the norm of the error over all windows that lie inside `lines` (frame, coil, ky, kx)."""
    rate, (edge, beyond) = network.acceleration, network.margin
    rows = lines.shape[2] - (network.kernel[0] + network.kernel_out[0] - 2) * rate
    squares, beside = 0, 0
    for start in range(rate):
        lattice = lines[:, :, start::rate]
        count = len(range(start, rows, rate))
        if count == 0:
            continue
        inside = lambda gaps: parts(gaps[..., :count, edge:gaps.shape[-1] - edge])  # noqa: E731
        gaps = torch.stack([lines[:, :, start + j::rate][:, :, :count] for j in range(1, rate)], 2)
        wanted = parts(gaps[..., edge:gaps.shape[-1] - edge])
        squares = squares + (inside(network(lattice)) - wanted).square().sum((2, 3, 4))
        if network.linear_path:
            beside = beside + (inside(linear_alone(network, lattice)) - wanted).square().sum((2, 3, 4))
    return squares.sqrt() + (network.linear_weight * beside.sqrt() if network.linear_path else 0)


def parts(gaps):
    return torch.cat([gaps.real, gaps.imag], dim=1)


def linear_alone(network, lattice):
    """The linear path by itself: the network with its last layer at zero."""
    twin = raki.Network(network.coils, network.acceleration, frames=network.frames, kernel=network.kernel,
                        features=network.features, kernel_out=network.kernel_out, linear_path=True)
    size = twin.layer1[0].numel() + twin.layer2[0].numel()
    keep = torch.ones_like(network.weights)
    keep[:, size:size + twin.layer3[0].numel()] = 0
    return torch.func.functional_call(twin, {"weights": network.weights * keep}, lattice)


def test_layers_are_views_of_the_weights():
    network = raki.Network(3, 2, frames=2, linear_path=True)
    with torch.no_grad():
        network.weights.zero_()
        for layer in (network.layer1, network.layer2, network.layer3, network.linear):
            layer.fill_(1)
    assert (network.weights == 1).all()
    assert network.layer1.shape == (2, 6 * 32, 6 * 10) and network.linear.shape == (2, 6, 60)


def test_a_loop_of_ones_own_trains_it(kspace, phantom):
    data = raki.training_data(kspace, phantom.mask)
    lines, gaps = torch.from_numpy(data.lines), torch.from_numpy(data.gaps)
    network = raki.Network(6, 4, frames=2)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    edge, beyond = network.margin
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        error = (network(lines) - gaps)[..., :gaps.shape[-2] - beyond, edge:-edge]
        loss = error.abs().square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    engine = raki.Network(6, 4, frames=2, learning_rate=3e-3, iterations=150)
    raki.train(kspace, phantom.mask, engine)
    ours, theirs = (raki.interpolate(kspace, phantom.mask, network=net).kspace for net in (engine, network))
    missing = ~phantom.mask[0]
    missing[:4] = missing[-4:] = False
    assert relative(theirs[..., missing, :], ours[..., missing, :]) < 0.7  # another loss, and half of it is noise


class Between(torch.nn.Module):
    """Gap lines on the straight line between their neighbours."""

    def forward(self, lines):
        before, after = lines[..., :-1, :], lines[..., 1:, :]
        return torch.stack([before * (1 - j / 4) + after * (j / 4) for j in (1, 2, 3)], dim=-3)


def test_any_module_stands_in_for_ours(kspace, phantom, tmp_path):
    result = raki.reconstruct(kspace, phantom.mask, network=Between())
    lines = np.flatnonzero(phantom.mask[0])
    lattice = [i for i in range(96) if i % 4 == 0]
    k = result.kspace[0, :, 0]
    for j in (1, 2, 3):
        assert np.allclose(k[:, 8 + j], k[:, 8] * (1 - j / 4) + k[:, 12] * j / 4, rtol=1e-4, atol=1e-4)
    assert set(lattice) <= set(lines)
    assert {frame["method_used"] for frame in result.frames} == {"network"}
    raki.write_dicom(result, tmp_path / "images")


def test_one_network_may_serve_all_frames(kspace, phantom):
    network = raki.Network(6, 4, iterations=5)
    raki.train(kspace[:1], phantom.mask, network)
    both = raki.interpolate(kspace, phantom.mask, network=network).kspace
    assert np.array_equal(both[:1], raki.interpolate(kspace[:1], phantom.mask, network=network).kspace)


def test_training_stops_when_it_gains_little(kspace, phantom):
    network = raki.Network(6, 4, frames=2, tolerance=0.5, patience=10, iterations=500)
    training = raki.train(kspace, phantom.mask, network)
    assert training.steps < 500 and training.steps % 10 == 0 and "0.5 better in 10 steps" in training.reason
    assert raki.train(kspace, phantom.mask, raki.Network(6, 4, frames=2, iterations=7)).steps == 7


def test_what_raki_learns_serves_again(kspace, phantom):
    lessons = raki.train(kspace, phantom.mask)
    assert lessons.weights.shape == (3, 8) and lessons.losses
    once = raki.reconstruct(kspace, phantom.mask, "raki")
    again = raki.reconstruct(kspace, phantom.mask, network=lessons)
    assert np.array_equal(once.image, again.image)
    with pytest.raises(raki.InputError, match="6 coils"):
        raki.reconstruct(kspace[:, :4], phantom.mask, network=lessons)


@pytest.mark.parametrize("make, words", [
    (lambda: raki.Network(6, 1), "2 or more"), (lambda: raki.Network(6, 4, kernel=(2, 4)), "odd"),
    (lambda: raki.Network(6, 4, features=(0, 8)), "above 0"), (lambda: raki.Network(6, 4, activation="tanh"), "relu"),
    (lambda: raki.Network(6, 4, activation=2), "slope"), (lambda: raki.Network.published("grappa", 6, 4), "raki-2019 or rraki")])
def test_networks_that_make_no_sense_are_refused(make, words):
    with pytest.raises(raki.InputError, match=words):
        make()


@pytest.mark.parametrize("network, words", [
    (raki.Network(5, 4, frames=2), "2 frames, 6 coils"), (raki.Network(6, 4, frames=3), "2 frames"),
    (lambda lines: lines, "expected"), (lambda lines: None, "NoneType"), (raki.Network(6, 3, frames=2), "R - 1")])
def test_networks_that_do_not_fit_are_refused(kspace, phantom, network, words):
    with pytest.raises(raki.InputError, match=words):
        raki.reconstruct(kspace, phantom.mask, network=network)


def test_networks_need_a_lattice_and_calibration_lines(kspace, phantom):
    uneven = phantom.mask.copy()
    uneven[0, 3] = True
    with pytest.raises(raki.InputError, match="even spacing"):
        raki.reconstruct(kspace, uneven, network=Between())
    bare = np.zeros(96, bool)
    bare[::4] = True
    with pytest.raises(raki.InputError, match="calibration"):
        raki.train(kspace, bare, raki.Network(6, 4, frames=2))
