"""The shared real scans: what each must prove."""

import json

import h5py
import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter


def centred_ifft(k):
    axes = (-2, -1)
    return np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(k, axes=axes), norm="ortho"), axes=axes)


def image_and_report(raki, file, folder, *options):
    raki("recon", file, "-o", folder / "out", "--output", "npy,dicom", *options)
    return np.load(folder / "out" / "image.npy"), json.loads((folder / "out" / "recon.json").read_text())


def contradictions(report):
    return " ".join(d["subject"] + " " + d["detail"] for d in report["decisions"] if d["contradiction"])


@pytest.mark.parametrize("name", ["brain_164128", "phantom_160052"])
def test_sizes_come_from_the_lines(raki, data, tmp_path, name):
    file = data / "brain16_gre_128x128" / f"{name}.h5"
    image, report = image_and_report(raki, file, tmp_path, "--combine", "rss", "--no-prewhiten", "--method", "zero-filled")
    expected = np.sqrt((np.abs(centred_ifft(np.load(file.with_suffix(".npy")))) ** 2).sum(0))
    expected = np.roll(expected[::-1, ::-1], 1, (0, 1))  # Siemens: as a forward transform makes it
    assert np.linalg.norm(image[0, 0] - expected) < 1e-5 * np.linalg.norm(expected)
    assert "matrix" in contradictions(report)
    info = raki("info", file).stdout
    assert "contradiction" in info and "64 x 64 x 2" in info


def test_plain_siemens_scan(raki, data, tmp_path):
    image, report = image_and_report(raki, data / "siemens_skyra_gre_epi" / "gre.h5", tmp_path)
    assert image.shape == (1, 1, 160, 160)
    assert report["scan"]["readout_oversampling"] == 2 and report["scan"]["coils"] == 2
    assert report["scan"]["samplings"][0]["effective_acceleration"] == 1
    info = json.loads(raki("info", "--json", data / "siemens_skyra_gre_epi" / "gre.h5").stdout)
    assert info["image_fov_mm"][0] == pytest.approx(info["image_fov_mm"][1])


def ghost_amplitude(image):
    """The object's bright rim seen again half a field of view away: least squares of the high-passed image on the
    high-passed shifted rim, away from the image's own edges, in units of the rim."""
    def high_pass(a):
        return a - gaussian_filter(a, 3)

    rim = np.where(image > 0.5 * image.max(), image, 0)
    shifted = high_pass(np.roll(rim, image.shape[0] // 2, axis=0))
    own = binary_dilation(image > 0.35 * image.max(), iterations=6)
    where = ~own & (np.abs(shifted) > 0.02 * image.max())
    return float((high_pass(image) * shifted)[where].sum() / (shifted ** 2)[where].sum())


# At this scan's noise half of k-space has an SNR below 1, where the noise-aware kernel shrinks the filled lines but never
# the measured ones: a faint edge ghost stays (measured 0.030; 0.016 after the image model), the price of its lower error
# (raki/README.md).
GHOST_LIMIT = {"grappa": 0.01, "raki-2019": 0.02, "rraki": 0.02, "linear": 0.035, "hybrid": 0.02, "raki": 0.02}


@pytest.mark.parametrize("method", GHOST_LIMIT)
def test_embedded_acs_without_ghost(raki, data, tmp_path, method):
    file = data / "sirf_grappa2_sim4" / "grappa2_1rep.h5"
    image, report = image_and_report(raki, file, tmp_path, "--method", method, "--iterations", 200)
    assert report["scan"]["samplings"][0]["acceleration"] == [2, 1]
    assert abs(ghost_amplitude(image[0, 0])) < GHOST_LIMIT[method]


def test_a_noise_line_that_contradicts_the_data_is_overruled(raki, data, tmp_path):
    _, report = image_and_report(raki, data / "sirf_grappa2_sim4" / "grappa2_1rep.h5", tmp_path, "--method", "linear")
    assert any("noise" in w for w in report["frames"][0]["warnings"]), report["frames"][0]


@pytest.mark.parametrize("name", ["sol16.h5", "sol11.h5"])
def test_bottle_phantoms(raki, data, tmp_path, name):
    image, report = image_and_report(raki, data / "phantom4_256x256" / name, tmp_path)
    assert image.shape == (1, 1, 256, 256)
    assert ("matrix" in contradictions(report)) == (name == "sol11.h5")


def lines_of(file):
    """(coil, ky, kx) of a scan of one image."""
    with h5py.File(file) as scan:
        readouts = {int(r["head"]["idx"]["kspace_encode_step_1"]): r["data"].view(np.complex64)
                    for r in scan["dataset/data"] if not int(r["head"]["flags"]) & 1 << 18}
        coils = int(scan["dataset/data"][0]["head"]["active_channels"])
    return np.stack([readouts[y].reshape(coils, -1) for y in sorted(readouts)], axis=1)


@pytest.mark.parametrize("axes, verdict", [("coil,ky,kx", "reliable"), ("coil,kx,ky", "not unfolded")])
def test_what_coils_cannot_unfold_is_said(raki, data, tmp_path, axes, verdict):
    """The four coils of this phantom differ along one axis only."""
    np.save(tmp_path / "k.npy", lines_of(data / "phantom4_256x256" / "sol16.h5"))
    done = raki("evaluate", tmp_path / "k.npy", "--axes", axes, "-R", 3, "--acs", 24, "--method", "linear", "--json")
    row = json.loads(done.stdout)["rows"][0]
    assert row["verdict"].startswith(verdict), row


EVALUATED = [
    ("brain8_full_230x180/full.cfl", "1,ky,kx,coil", []),
    ("brain8_smallfov_320x168/brain_alias_8ch.mat", "ky,kx,coil", ["--variable", "DATA"]),
    ("brain16_gre_128x128/brain_164128.npy", "coil,ky,kx", []),
    ("brain16_prescan_64x64/preScanRefData.npy", "coil,ky,kx", []),
]


@pytest.mark.parametrize("name, axes, options", EVALUATED, ids=[e[0].split("/")[0] for e in EVALUATED])
def test_arrays_through_evaluate(raki, data, name, axes, options):
    done = raki("evaluate", data / name, "--axes", axes, *options, "-R", 4, "--acs", 24, "--method",
                "zero-filled,grappa,linear,hybrid", "--json")
    nrmse = {row["method"]: row["nrmse"] for row in json.loads(done.stdout)["rows"]}
    assert nrmse["linear"] < nrmse["grappa"]
    assert nrmse["linear"] < nrmse["zero-filled"]
    assert nrmse["hybrid"] < nrmse["linear"]
