"""The steps one by one: NumPy's own words for them, laws, and the whole sentence said step by step."""

import numpy as np
import pytest
import torch

import raki

RANDOM = np.random.default_rng(5)


def samples(*shape):
    return (RANDOM.standard_normal(shape) + 1j * RANDOM.standard_normal(shape)).astype(np.complex64)


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("shape", [(3, 8, 10), (2, 1, 7, 9), (2, 4, 6, 5), (2, 3, 2, 4, 5, 8)])
def test_transforms_are_numpys_centred_unitary_ones(shape):
    k = samples(*shape)
    axes = (-1, -2) if len(shape) == 3 else (-1, -2, -3)
    expected = np.fft.fftshift(np.fft.ifftn(np.fft.ifftshift(k, axes), axes=axes, norm="ortho"), axes)
    found = raki.to_coil_images(k)
    assert found.shape == k.shape and relative(found, expected) < 1e-6
    assert relative(raki.to_kspace(found), k) < 1e-6


def test_combinations_are_numpys():
    images, maps = samples(2, 4, 1, 6, 7), samples(2, 4, 1, 6, 7)
    assert relative(raki.root_sum_of_squares(images), np.sqrt((np.abs(images) ** 2).sum(1))) < 1e-6
    assert relative(raki.combine(images, maps), (maps.conj() * images).sum(1)) < 1e-6
    assert raki.combine(images[0, :, 0], maps[0, :, 0]).shape == (6, 7)


def test_whitened_noise_is_white():
    mixing = samples(4, 4)
    noise = (mixing @ samples(4, 20000)).astype(np.complex64)
    covariance = raki.estimate_noise_covariance(noise)
    assert relative(covariance, noise @ noise.conj().T / (noise.shape[1] - 1)) < 1e-5
    whitening = raki.whitening_matrix(covariance)
    white = raki.prewhiten(noise.reshape(4, 100, 200), whitening).reshape(4, -1)
    assert np.abs(white @ white.conj().T / white.shape[1] - np.eye(4)).max() < 0.01
    wide = raki.whitening_matrix(covariance, 2.5, 5.0, 0.5)
    assert relative(wide, whitening * np.sqrt(2 * 0.5)) < 1e-6


def test_oversampling_keeps_the_middle_of_the_image():
    k = samples(2, 6, 16)
    half = raki.to_coil_images(raki.remove_readout_oversampling(k, 2))
    assert relative(half, raki.to_coil_images(k)[..., 4:12]) < 1e-5


def test_compression_is_orthonormal_and_keeps_what_is_there():
    few = np.einsum("vc,vyx->cyx", samples(2, 6), samples(2, 8, 8)).astype(np.complex64)
    virtual = raki.compress_coils(few, 2)
    assert virtual.shape == (2, 8, 8)
    assert abs(np.linalg.norm(virtual) - np.linalg.norm(few)) < 1e-4 * np.linalg.norm(few)


def test_sampling_tells_what_the_mask_is():
    mask = np.zeros(64, bool)
    mask[0::4] = mask[24:40] = True
    sampling = raki.detect_sampling(mask)
    assert sampling.acceleration_ky == 4 and sampling.acs_ky == (24, 41) and not sampling.fully_sampled
    assert sampling.measured_lines == mask.sum() and "R = 4" in str(sampling)
    assert sampling == raki.detect_sampling(torch.from_numpy(mask.astype(np.uint8)))


def test_filters_and_partial_fourier(kspace):
    window = np.zeros(96, bool)
    window[30:] = True
    half = np.where(window[:, None], kspace, 0).astype(np.complex64)
    filled = raki.fill_partial_fourier(half, window, "pocs")
    assert np.array_equal(filled[..., 30:, :], half[..., 30:, :]) and np.abs(filled[..., :30, :]).max() > 0
    assert np.array_equal(raki.fill_partial_fourier(half, window, "zero"), half)
    soft = raki.filter_kspace(kspace, "hann")
    assert np.allclose(soft[..., 48, 48], kspace[..., 48, 48]) and relative(soft, kspace) > 0.05
    assert np.array_equal(raki.filter_kspace(kspace, "none"), kspace)


def test_the_image_grid_keeps_the_image():
    image = raki.combine(samples(1, 16, 16), np.ones((1, 16, 16), np.complex64))
    large = raki.to_image_grid(image, (32, 24))
    assert large.shape == (32, 24)
    assert relative(raki.to_image_grid(large, (16, 16)) * np.sqrt(256 / (32 * 24)) ** 0, image) < 1e-5


def test_the_sentence_can_be_said_step_by_step(phantom):
    whitening = raki.whitening_matrix(raki.estimate_noise_covariance(phantom.noise))
    white = raki.remove_readout_oversampling(raki.prewhiten(phantom.kspace, whitening), 2)
    filled = raki.interpolate(white, phantom.mask, "linear", unit_noise=True, noise=True)
    images = raki.to_coil_images(filled.kspace)
    begin, end = raki.detect_sampling(phantom.mask).acs_ky
    maps = raki.estimate_sensitivities(white[..., begin:end, :], (1, 96, 96))
    image = np.abs(raki.combine(images, maps))
    whole = raki.reconstruct(phantom.kspace, phantom.mask, "linear", noise=phantom.noise, readout_oversampling=2, noise_map=True)
    assert relative(image, whole.image) < 1e-5
    assert relative(raki.noise_map(filled, maps), whole.noise_map) < 1e-3
    fit = raki.fit_noise_aware(white, phantom.mask, unit_noise=True)
    assert np.array_equal(fit.kspace, filled.kspace)
    assert fit.gain.shape[0] == 2 and np.allclose(fit.sigma, 1) and len(fit.frames) == 2


def test_maps_with_one_reference_keep_the_phase_between_echoes(phantom):
    begin, end = raki.detect_sampling(phantom.mask).acs_ky
    calibration = raki.remove_readout_oversampling(phantom.kspace, 2)[..., begin:end, :]
    echoes = np.stack([calibration, calibration * np.complex64(np.exp(0.9j))])       # (echo, slice, coil, 1, ky, kx)
    own = raki.estimate_sensitivities(echoes, (1, 96, 96))
    assert relative(own[1], np.exp(0.9j) * own[0]) < 1e-3                            # each turned to its own mean
    reference = raki.phase_reference(calibration, (1, 96, 96))
    assert reference.shape == calibration.shape[:2]
    maps = raki.refer_phase(own, reference)                                          # (slice, coil) for both echoes
    assert relative(maps[1], maps[0]) < 1e-3
    seen = (reference[..., None, None, None].conj() * maps[0]).sum(1)                # by the reference: real and positive
    assert np.abs(seen.imag).max() < 1e-6 and seen.real.min() >= 0
    assert relative(np.abs(maps), np.abs(own)) < 1e-6                                # only turned
    assert relative(raki.refer_phase(own, reference[0])[:, 0], maps[:, 0]) < 1e-6    # (coil)
    for wrong, word in ((reference[:, :3], "does not fit"), (reference.real, "complex64")):
        with pytest.raises(raki.InputError, match=word):
            raki.refer_phase(own, wrong)


def test_comparison_is_the_definition():
    reference = np.abs(samples(16, 16)) + 1
    image = reference + 0.1 * RANDOM.standard_normal((16, 16)).astype(np.float32)
    found = raki.compare_images(image, reference)
    inside = reference > 0.08 * reference.max()
    assert found["nrmse"] == pytest.approx(np.linalg.norm((image - reference)[inside]) / np.linalg.norm(reference[inside]), rel=1e-4)
    assert raki.compare_images(reference, reference)["nrmse"] == 0


def test_evaluation_is_that_of_the_methods(phantom):
    full = raki.phantom(slices=2, coils=6, matrix_x=64, matrix_y=64, acceleration=1, acs=0, oversampling=1).kspace
    table, images, reference = raki.evaluate(full, 2, 16, ["zero-filled", "linear"], images=True)
    rows = table.to_dict("records") if hasattr(table, "to_dict") else table
    assert [(row["method"], row["frame"]) for row in rows] == [("zero-filled", 0), ("zero-filled", 1), ("linear", 0), ("linear", 1)]
    for row in rows:
        again = raki.compare_images(images[row["method"]][row["frame"]], reference[row["frame"]])
        assert row["nrmse"] == pytest.approx(again["nrmse"])
    assert rows[2]["nrmse"] < rows[0]["nrmse"]
    assert relative(reference, raki.root_sum_of_squares(raki.to_coil_images(full))) < 1e-6


def test_bart_arrays_are_views(tmp_path):
    bart = np.asfortranarray(samples(8, 6, 1, 3))
    ours = raki.from_bart(bart)
    assert ours.shape == (3, 1, 6, 8) and ours.flags.c_contiguous
    assert ours.__array_interface__["data"][0] == bart.__array_interface__["data"][0]
    assert np.array_equal(raki.to_bart(ours), bart)
    assert raki.to_bart(ours[:, 0]).shape == (8, 6, 1, 3)
    assert raki.from_bart(np.asfortranarray(samples(8, 6, 1, 3, 1, 1, 2))).shape == (2, 1, 1, 3, 1, 6, 8)


def test_undersampled_arrays_are_not_evaluated(kspace):
    with pytest.raises(raki.InputError, match="not fully sampled"):
        raki.evaluate(kspace)


def test_masks_are_those_of_the_evaluation():
    full = raki.phantom(slices=1, coils=4, matrix_x=64, matrix_y=64, acceleration=1, acs=0, oversampling=1).kspace
    mask = raki.uniform_mask(64, 4, 16)
    assert mask[32] and mask[24:40].all() and mask.sum() == 16 + 12
    _, images, reference = raki.evaluate(full, 4, 16, ["linear"], images=True)
    alone = raki.root_sum_of_squares(raki.to_coil_images(raki.interpolate(np.where(mask[:, None], full, 0), mask, "linear").kspace))
    assert np.array_equal(alone, images["linear"])
    assert raki.compare_images(alone, reference)["nrmse"] < 0.2
    fast = raki.fastmri_mask(320, 4)
    assert fast.sum() == pytest.approx(80, abs=2) and fast[160 - 13:160 + 13].all()


def test_several_images_are_compared_at_once():
    reference = np.abs(samples(3, 1, 16, 16)) + 1
    image = reference * np.array([1, 1.1, 1.2], np.float32).reshape(3, 1, 1, 1)
    assert raki.compare_images(image, reference)["nrmse"] == pytest.approx(0.1, rel=1e-4)
    with pytest.raises(raki.InputError, match="other sizes"):
        raki.compare_images(image, reference[:2])


def test_barts_readout_may_be_its_second_axis():
    bart = np.asfortranarray(samples(1, 8, 6, 3))
    with pytest.raises(raki.InputError, match="no readout"):
        raki.from_bart(bart)
    assert raki.from_bart(bart, readout=1).shape == (3, 6, 1, 8)


def test_things_say_what_they_are(kspace, phantom, scan_file):
    for thing, words in ((raki.detect_sampling(phantom.mask), "R = 4"), (raki.read_scan(scan_file), "2 frames"),
                         (raki.Network(6, 4), "coils=6, acceleration=4"), (raki.train(kspace, phantom.mask), "6 coils"),
                         (raki.interpolate(kspace, phantom.mask, "linear"), "by linear"), (phantom, "42 lines measured"),
                         (raki.reconstruct(kspace, phantom.mask, "linear"), "(2, 1, 96, 96) by linear")):
        assert words in repr(thing)
    assert "frames  " in str(raki.read_scan(scan_file)) and "Which lines" in raki.Sampling.__doc__
