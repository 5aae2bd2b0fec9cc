"""How long `raki info` looks at a file in fastMRI's layout as large as theirs, against the start of the program alone."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mrd_inputs as mrd  # noqa: E402

SLICES, COILS, READOUT, LINES = 16, 16, 640, 320


def seconds(*command):
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main(program):
    kspace = np.random.default_rng(0).standard_normal((SLICES, COILS, READOUT, LINES, 2), np.float32).view(np.complex64)[..., 0]
    xml = mrd.header((READOUT, LINES, 1), (LINES, LINES, 1), encoded_fov=(READOUT, LINES, 5), recon_fov=(LINES, LINES, 5),
                     limits_ky=(0, LINES - 1, LINES // 2))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "volume.h5"
        mrd.write_fastmri(file, kspace, xml)
        info = statistics.median(seconds(program, "info", file) for _ in range(5))
    start = statistics.median(seconds(program, "--version") for _ in range(5))
    print(json.dumps({"case": f"info of a fastMRI volume of {kspace.nbytes * 1e-6:.0f} MB", "median": round(info, 3), "unit": "s",
                      "start_alone_s": round(start, 3)}))


main(sys.argv[1])
