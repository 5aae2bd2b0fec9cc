"""The fully sampled real scans as arrays, and the measure of the tables."""

import numpy as np
import scipy.io

SETS = ("brain8", "alias8", "brain16", "phantom16", "prescan16")


def cfl(path):
    """One array of BART's: `path`.hdr and `path`.cfl, column-major complex64."""
    sizes = [int(n) for n in path.with_suffix(".hdr").read_text().split("\n")[1].split()]
    return np.fromfile(path.with_suffix(".cfl"), np.complex64).reshape(sizes, order="F")


def load(data, name):
    """k-space (coil, ky, kx) complex64 of the set `name` in the folder `data` of shared scans."""
    if name == "brain8":
        samples = cfl(data / "brain8_full_230x180/full").squeeze().transpose(2, 0, 1)
    elif name == "alias8":  # stored with zeros around its 168 readout samples
        stored = scipy.io.loadmat(data / "brain8_smallfov_320x168/brain_alias_8ch.mat")["DATA"]
        samples = stored.transpose(2, 0, 1)[:, :, 44:212]
    else:
        samples = np.load(data / {"brain16": "brain16_gre_128x128/brain_164128.npy",
                                  "phantom16": "brain16_gre_128x128/phantom_160052.npy",
                                  "prescan16": "brain16_prescan_64x64/preScanRefData.npy"}[name])
    return np.ascontiguousarray(samples).astype(np.complex64)


def root_sum_of_squares(kspace):
    """Image (y, x) of k-space (coil, ky, kx), centred and unitary."""
    axes = (-2, -1)
    images = np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(kspace, axes=axes), norm="ortho"), axes=axes)
    return np.sqrt((np.abs(images) ** 2).sum(0))


def nrmse(image, reference):
    """|image - reference| / |reference| where the reference is above 8 % of its maximum."""
    inside = reference > 0.08 * reference.max()
    return np.linalg.norm((image - reference)[inside]) / np.linalg.norm(reference[inside])
