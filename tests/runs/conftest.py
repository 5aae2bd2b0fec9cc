"""Whole runs of the program, judged by their files, their exit codes and `raki compare`."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build"))
DATA = pathlib.Path(os.environ.get("RAKI_DATA", ROOT.parent / "shared" / "data"))


class Program:
    """The program `raki`; every call must end within `timeout` seconds."""

    path = BUILD / "bin" / "raki"

    def __call__(self, *arguments, code=0, timeout=300):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
        assert done.returncode == code, f"raki {arguments} ended with {done.returncode}, not {code}:\n{done.stderr}"
        return done

    def compare(self, result, reference, *options):
        return json.loads(self("compare", result, reference, "--json", *options).stdout)


@pytest.fixture(scope="session")
def raki():
    assert Program.path.exists(), f"{Program.path} is not built: run tests/run"
    return Program()


@pytest.fixture(scope="session")
def data():
    """The real scans; a test that needs them is skipped where they are absent."""
    if not DATA.is_dir():
        pytest.skip(f"no shared scans at {DATA} (RAKI_DATA says where)")
    return DATA


@pytest.fixture(scope="session")
def phantom(raki, tmp_path_factory):
    """A small noisy scan (R = 4, 32 ACS lines, two slices) and its truth."""
    folder = tmp_path_factory.mktemp("phantom")
    raki("phantom", "-o", folder / "scan.h5", "--truth", folder / "truth.h5", "--matrix-x", 128, "--matrix-y", 128,
         "--slices", 2, "--coils", 8, "--acs", 32)
    return folder


@pytest.fixture(scope="session")
def truth(raki, phantom):
    raki("recon", phantom / "truth.h5", "-o", phantom / "truth", "--method", "zero-filled", "--output", "npy")
    return phantom / "truth"


@pytest.fixture(scope="session")
def brain(data):
    """(coil, y, x) k-space of a fully sampled slice."""
    sizes = [int(n) for n in (data / "brain8_full_230x180/full.hdr").read_text().split("\n")[1].split()]
    k = np.fromfile(data / "brain8_full_230x180/full.cfl", np.complex64).reshape(sizes, order="F").squeeze()
    return np.ascontiguousarray(k.transpose(2, 1, 0)) * 1e4  # (coil, 180, 230)
