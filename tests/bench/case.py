"""One real scan, undersampled in one way, and what each method makes of it."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import bart  # noqa: E402
import full_scans  # noqa: E402

CANNOT = 65  # exit code of a method that cannot work on a case
FASTMRI_RATE, FASTMRI_CENTRE = 4, 0.08


class Case:
    """`key`: (set, R or "f" for fastMRI's spacing, ACS lines); `full`: its k-space (coil, ky, kx); `folder`: for its file."""

    def __init__(self, raki, key, full, folder):
        self.raki, self.key, self.full = raki, key, full
        self.file = pathlib.Path(folder) / f"{key[0]}.npy"
        if not self.file.exists():
            np.save(self.file, full)

    def evaluate(self, method, *options):
        """What `raki evaluate` says; None where the method cannot work."""
        _, rate, acs = self.key
        sampling = ["-R", FASTMRI_RATE, "--fastmri"] if rate == "f" else ["-R", rate, "--acs", acs]
        command = [self.raki, "-q", "evaluate", self.file, "--axes", "coil,ky,kx", *sampling, "--method", method, "--json",
                   *options]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode not in (0, CANNOT):
            sys.exit(done.stderr)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def bart(self, method):
        """Filled k-space; None where BART gives up."""
        measured = np.array(list(self.evaluate("zero-filled")["mask"][0])) == "1"
        try:
            return bart.reconstruct(self.full, measured, self.key[2], method)
        except subprocess.CalledProcessError:
            return None

    def result(self, method, repeats):
        """Numbers by name, each {"mean", "sd"}; empty where the method cannot work."""
        if method in bart.METHODS:
            start = time.monotonic()
            filled = self.bart(method)
            seconds = time.monotonic() - start
            numbers = {} if filled is None else {"nrmse": self.error(filled), "seconds": seconds}
            return {name: {"mean": float(value), "sd": None} for name, value in numbers.items()}
        found = self.evaluate(method, "--repeats", repeats)
        return {name: value for name, value in found["summary"][0].items() if isinstance(value, dict)} if found else {}

    def error(self, filled):
        return full_scans.nrmse(full_scans.root_sum_of_squares(filled), full_scans.root_sum_of_squares(self.full))

    def picture(self, method):
        """(image, noise map or None), both (y, x); None where the method cannot work."""
        if method in bart.METHODS:
            filled = self.bart(method)
            return None if filled is None else (full_scans.root_sum_of_squares(filled), None)
        with tempfile.TemporaryDirectory() as folder:
            files = pathlib.Path(folder) / "image.npy", pathlib.Path(folder) / "noise.npy"
            found = self.evaluate(method, "--npy", files[0], "--noise-map", files[1])
            return found and tuple(np.load(file)[0, 0, 0] for file in files)
