"""What a warm worker saves against a process a unit, and what raki-job costs beyond its worker, as ratios taken turn and turn about.

jobs.py RAKI [--turns N] [--units N]"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

JOB = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "cloud" / "raki-job"
SMALL = (["--matrix-x", 128, "--matrix-y", 128, "--slices", 1, "--coils", 8, "--acs", 24], {"method": "linear"})
FIVE_SECONDS = (["--matrix-x", 256, "--matrix-y", 256, "--slices", 3, "--coils", 8, "--acs", 40], {"method": "hybrid"})


def run(*command, text=None):
    """Seconds, and what it said on stdout."""
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start, done.stdout


def by_processes(raki, scan, options, folder, units):
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return sum(run(raki, "-q", "recon", scan, "-o", folder / str(unit), *flags)[0] for unit in range(units))


def by_worker(raki, scan, options, folder, units):
    lines = "".join(json.dumps({"id": str(unit), "input": str(scan), "output": str(folder / str(unit)), "options": options}) + "\n"
                    for unit in range(units))
    seconds, said = run(raki, "-q", "worker", text=lines)
    assert sum(json.loads(line).get("exit") == 0 for line in said.splitlines()) == units, said
    return seconds


def by_job(raki, scan, options, folder, units):
    manifest = folder / "all.manifest.json"
    manifest.write_text(json.dumps({"format": "raki-manifest-1", "output": "out", "options": options,
                                    "units": [{"id": f"unit-{unit}", "input": str(scan)} for unit in range(units)]}))
    return run(sys.executable, JOB, "run", manifest, "--worker", f"{raki} -q worker", "--scratch", folder)[0]


def compare(name, ways, scan, options, arguments):
    """`ways`: two functions; the ratio of the first to the second."""
    taken = ([], [])
    for _ in range(arguments.turns):
        for way, seconds in zip(ways, taken):
            with tempfile.TemporaryDirectory() as folder:
                seconds.append(way(arguments.raki, scan, options, pathlib.Path(folder), arguments.units) / arguments.units)
    ratios = [first / second for first, second in zip(*taken)]
    print(json.dumps({"case": name, "units": arguments.units, "seconds_a_unit": [round(statistics.median(one), 3) for one in taken],
                      "ratio": round(statistics.median(ratios), 3), "of": [round(ratio, 3) for ratio in ratios]}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raki")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--units", type=int, default=6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, (phantom, options), ways in (
                ("a process a unit against raki worker, one slice 128 x 128 x 8, linear", SMALL, (by_processes, by_worker)),
                ("raki-job on disk against raki worker, three slices 256 x 256 x 8, hybrid", FIVE_SECONDS, (by_job, by_worker))):
            scan = pathlib.Path(folder) / "scan.h5"
            run(arguments.raki, "-q", "phantom", "-o", scan, *phantom)
            compare(name, ways, scan, options, arguments)


main()
