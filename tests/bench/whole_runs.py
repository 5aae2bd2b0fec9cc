#!/usr/bin/env python3
"""Whole runs of the program: seconds from start to exit and peak memory, one JSON line a case.
usage: whole_runs.py RAKI_BINARY [repeats]"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time


def run(*arguments):
    """(seconds by the clock, peak MB, seconds of all processors) of one run."""
    start = time.monotonic()
    child = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"{arguments} ended with {child.returncode}"
    return time.monotonic() - start, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def measure(name, repeats, *arguments):
    runs = [run(*arguments) for _ in range(repeats)]
    return {"case": name, "seconds": round(statistics.median(r[0] for r in runs), 3),
            "peak_mb": round(max(r[1] for r in runs)), "runs": repeats}


def main():
    raki, repeats = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    machine = f"{processor()}, {len(os.sched_getaffinity(0))} cores"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run(raki, "phantom", "-o", folder / "one.h5", "--slices", 1, "--matrix-x", 128, "--matrix-y", 128)
        run(raki, "phantom", "-o", folder / "three.h5")
        baseline = measure("program start (raki --version)", repeats, raki, "--version")
        cases = [("one slice 128 x 128 x 8, zero-filled, start to exit", "one.h5", "zero-filled")] + [
            (f"three slices 256 x 256 x 8, {m}, start to exit", "three.h5", m) for m in ("zero-filled", "grappa", "linear", "hybrid", "raki")]
        print(json.dumps({**baseline, "machine": machine}), flush=True)
        for name, file, method in cases:
            row = measure(name, repeats, raki, "recon", folder / file, "-o", folder / "out", "--overwrite", "--method", method)
            row["ratio_to_start"] = round(row["seconds"] / baseline["seconds"], 2)
            print(json.dumps({**row, "machine": machine}), flush=True)


if __name__ == "__main__":
    main()
