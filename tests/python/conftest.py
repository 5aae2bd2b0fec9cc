"""The Python package of the build, and small scans for everyone."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from built_package import BUILD, PACKAGE  # noqa: E402

sys.path.insert(0, str(PACKAGE))


@pytest.fixture(scope="session")
def raki_program():
    return BUILD / "bin" / "raki"


@pytest.fixture(scope="session")
def phantom():
    """Two noisy slices of 6 coils, R = 4, 24 calibration lines."""
    import raki

    return raki.phantom(slices=2, coils=6, matrix_x=96, matrix_y=96, acs=24)


@pytest.fixture(scope="session")
def kspace(phantom):
    """The same, whitened and without readout oversampling: complex64 (2, 6, 1, 96, 96)."""
    import raki

    white = raki.prewhiten(phantom.kspace, raki.whitening_matrix(raki.estimate_noise_covariance(phantom.noise)))
    return raki.remove_readout_oversampling(white, phantom.readout_oversampling)


@pytest.fixture(scope="session")
def scan_file(tmp_path_factory):
    """The phantom as an ISMRMRD file."""
    import raki

    path = tmp_path_factory.mktemp("scan") / "scan.h5"
    raki.write_phantom(path, slices=2, coils=6, matrix_x=96, matrix_y=96, acs=24)
    return path
