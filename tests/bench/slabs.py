#!/usr/bin/env python3
"""NRMSE of the methods on a noisy phantom slab, fully sampled and then undersampled, as a Markdown table.
usage: slabs.py RAKI_BINARY [--method a,b,c]"""

import argparse
import json
import pathlib
import subprocess
import tempfile

SLAB = ["--slab", "--matrix-x", 96, "--matrix-y", 96, "--slices", 24, "--coils", 8, "--oversampling", 1, "--noise", 0.05]
CALIBRATION = ["--acs", 24, "--acs-partitions", 12]
LATTICES = {"4 x 1": ["-R", 4, "--acs", 24],
            "2 x 2": ["-R", 2, "--acceleration-z", 2, *CALIBRATION],
            "2 x 2, shifted by 1": ["-R", 2, "--acceleration-z", 2, "--caipi-shift", 1, *CALIBRATION],
            "3 x 2, shifted by 1": ["-R", 3, "--acceleration-z", 2, "--caipi-shift", 1, *CALIBRATION]}


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raki")
    parser.add_argument("--method", default="zero-filled,grappa,linear,hybrid,raki")
    a = parser.parse_args()
    methods = a.method.split(",")
    print("| ky x kz | " + " | ".join(methods) + " |\n" + "|---" * (1 + len(methods)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        full = pathlib.Path(folder) / "slab.h5"
        run(a.raki, "-q", "phantom", "-o", full, *SLAB, "-R", 1)
        for name, lattice in LATTICES.items():
            found = json.loads(run(a.raki, "-q", "evaluate", full, *lattice, "--method", a.method, "--json"))["rows"]
            print(f"| {name} | " + " | ".join(f"{row['nrmse']:.4f}" for row in found) + " |", flush=True)


if __name__ == "__main__":
    main()
