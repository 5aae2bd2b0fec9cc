#!/usr/bin/env python3
"""NRMSE of the methods on the real scans, as a Markdown table (--json: one JSON line a case).
usage: methods.py RAKI_BINARY DATA_FOLDER [--json] [--method a,b,c] [-R 4,5] [--acs 24,40] [--set a,b]"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import scipy.io

SETS = {"brain8": ("brain8_full_230x180/full.cfl", "1,ky,kx,coil"),
        "alias8": ("brain8_smallfov_320x168/brain_alias_8ch.mat", None),
        "brain16": ("brain16_gre_128x128/brain_164128.npy", "coil,ky,kx"),
        "phantom16": ("brain16_gre_128x128/phantom_160052.npy", "coil,ky,kx"),
        "prescan16": ("brain16_prescan_64x64/preScanRefData.npy", "coil,ky,kx")}


def without_padding(file, folder):
    """alias8 is stored with zeros around its 168 readout samples."""
    path = pathlib.Path(folder) / "alias8.npy"
    if not path.exists():
        np.save(path, np.ascontiguousarray(scipy.io.loadmat(file)["DATA"].transpose(2, 0, 1)[:, :, 44:212]).astype(np.complex64))
    return path, "coil,ky,kx"


def rows(raki, data, folder, name, acceleration, acs, methods):
    file, axes = data / SETS[name][0], SETS[name][1]
    if axes is None:
        file, axes = without_padding(file, folder)
    command = [raki, "-q", "evaluate", file, "--axes", axes, "-R", str(acceleration), "--acs", str(acs), "--method",
               methods, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["rows"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raki")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--method", default="zero-filled,grappa,raki-2019,linear,hybrid,raki")
    parser.add_argument("-R", dest="accelerations", default="4,5")
    parser.add_argument("--acs", default="24,40")
    parser.add_argument("--set", default=",".join(SETS))
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print_all(a, folder)


def print_all(a, folder):
    methods = a.method.split(",")
    if not a.json:
        print("| set | R | ACS | " + " | ".join(methods) + " |\n" + "|---" * (3 + len(methods)) + "|")
    for name in a.set.split(","):
        for acceleration in a.accelerations.split(","):
            for acs in a.acs.split(","):
                if name == "prescan16" and int(acs) > 32:  # more than half of its 64 lines
                    continue
                found = rows(a.raki, a.data, folder, name, acceleration, acs, a.method)
                if a.json:
                    print(json.dumps({"set": name, "R": int(acceleration), "acs": int(acs), "rows": found}), flush=True)
                else:
                    print(f"| {name} | {acceleration} | {acs} | " + " | ".join(f"{r['nrmse']:.4f}" for r in found) + " |",
                          flush=True)


if __name__ == "__main__":
    main()
