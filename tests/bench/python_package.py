#!/usr/bin/env python3
"""The Python package: what a call costs beside the engine, import, memory, and others' Python doing the same.
One JSON line a case, with its ratio to the baseline it names.
usage: python_package.py [case ...] [--turns 5] [--set NAME,...] [--data FOLDER]
cases: import overhead steps pygrappa networks memory"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build")) / "python"
sys.path[:0] = [str(PACKAGE), str(ROOT / "tests" / "support")]

import full_scans  # noqa: E402
import pygrappa  # noqa: E402
import raki_2019_python as plain_torch  # noqa: E402
import torch  # noqa: E402

import raki  # noqa: E402
from whole_runs import processor  # noqa: E402

ACCELERATION, ACS = 4, (24, 40)
NETWORK_STEPS = 100
FEWER_COILS = 12
MACHINE = f"{processor()}, {len(os.sched_getaffinity(0))} cores"


def tell(case, values, unit, ratio=None, baseline="", **more):
    row = {"case": case, "median": float(f"{statistics.median(values):.4g}"), "unit": unit}
    if ratio is not None:
        row |= {"ratio": float(f"{ratio:.4g}"), "baseline": baseline}
    print(json.dumps({**row, "runs": len(values), **more, "machine": MACHINE}), flush=True)


def clocked(call):
    """(seconds, what the call gave)."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def alternately(calls, turns):
    """{name: (seconds of every turn, those of all processors, the last result)}.
    Each once without the clock, then turn and turn about."""
    found = {name: ([], [], call()) for name, call in calls.items()}
    for _ in range(turns):
        for name, call in calls.items():
            before = time.process_time()
            seconds, result = clocked(call)
            found[name] = found[name][0] + [seconds], found[name][1] + [time.process_time() - before], result
    return found


def fresh(code, *arguments):
    """The JSON that this Python code prints in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run([sys.executable, "-P", "-c", code, *map(str, arguments)], env=environment, check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def bench_import(a):
    """Seconds beyond `import torch`, in fresh processes."""
    code = """import json, time
start = time.perf_counter(); import torch; torch_there = time.perf_counter(); import raki
print(json.dumps([torch_there - start, time.perf_counter() - torch_there]))"""
    found = [fresh(code) for _ in range(a.turns + 1)][1:]
    torch_alone, beyond = zip(*found)
    tell("import raki, beyond import torch", beyond, "s", statistics.median(beyond) / statistics.median(torch_alone),
         "import torch", seconds_of_torch=round(statistics.median(torch_alone), 2))


class Clock:
    """Seconds within the engine while it stands in for `raki._engine` in the package's modules."""

    def __enter__(self):
        clock, engine = self, raki._engine
        self.seconds = {"scan": 0.0, "plan": 0.0, "reconstruct": 0.0}

        class Run(engine.Run):
            def __init__(run, *given):
                clock.take("plan", lambda: super(Run, run).__init__(*given))

            def compute(run, *given):
                return clock.take("reconstruct", lambda: super(Run, run).compute(*given))

        self.before = engine.Run, engine.scan_of_array
        engine.Run, engine.scan_of_array = Run, lambda *given: self.take("scan", lambda: self.before[1](*given))
        return self

    def __exit__(self, *_):
        raki._engine.Run, raki._engine.scan_of_array = self.before

    def take(self, step, call):
        seconds, result = clocked(call)
        self.seconds[step] += seconds
        return result


def measure_overhead(name, turns, make):
    """The call with the image taken out: what is not within the engine, to what is."""
    whole, python, steps = [], [], []
    make()
    for _ in range(turns):
        with Clock() as clock:
            seconds, _ = clocked(lambda: make().image)
        whole.append(seconds)
        steps.append(clock.seconds)
        python.append(seconds - sum(clock.seconds.values()))
    share = statistics.median(p / (w - p) for p, w in zip(python, whole))
    tell(name, whole, "s", 1 + share, "the engine within the same calls", python_percent=round(100 * share, 3),
         python_ms=round(1e3 * statistics.median(python), 2),
         engine_ms={step: round(1e3 * statistics.median(s[step] for s in steps), 1) for step in steps[0]})


def bench_overhead(a):
    """Of `reconstruct`, of arrays and of a file."""
    small = raki.phantom(slices=1, matrix_x=64, matrix_y=64, coils=4, acs=24)
    large = raki.phantom(slices=3)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "three.h5"
        raki.write_phantom(file, slices=3)
        scan = raki.read_scan(file)
        for size, phantom in (("one slice 64 x 64 x 4", small), ("three slices 256 x 256 x 8", large)):
            arrays = dict(noise=phantom.noise, readout_oversampling=phantom.readout_oversampling, device="cpu")
            for method in ("zero-filled", "linear", "hybrid"):
                measure_overhead(f"reconstruct, {size}, array, {method}", a.turns,
                                 lambda: raki.reconstruct(phantom.kspace, phantom.mask, method, **arrays))
        for method in ("linear", "hybrid"):
            measure_overhead(f"reconstruct, {size}, file, {method}", a.turns,
                             lambda: raki.reconstruct(scan, method=method, device="cpu"))


def bench_steps(a):
    """The steps of one reconstruction in Python's process against those in the program's, each in a fresh one."""
    code = """import json, sys, raki
print(json.dumps(raki.reconstruct(raki.read_scan(sys.argv[1]), method=sys.argv[2], device="cpu").report))"""
    with tempfile.TemporaryDirectory() as folder:
        file, out = (pathlib.Path(folder) / name for name in ("three.h5", "out"))
        raki.write_phantom(file, slices=3)
        for method in ("linear", "hybrid"):
            program = [str(PACKAGE.parent / "bin" / "raki"), "-q", "recon", file, "-o", out, "--overwrite", "--method",
                       method, "--device", "cpu", "--output", "npy"]
            python, engine = [], []
            for _ in range(a.turns):
                python.append(seconds_of_steps(fresh(code, file, method)))
                subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
                engine.append(seconds_of_steps(json.loads((out / "recon.json").read_text())))
            tell(f"steps of a first reconstruct, three slices 256 x 256 x 8, {method}", python, "s",
                 statistics.median(python) / statistics.median(engine), "the program's steps on the same file")


def seconds_of_steps(report):
    """From k-space to images; writing is not asked of both."""
    steps = ("prewhiten", "remove readout oversampling", "compress coils", f"interpolate {report['method']}",
             "complete k-space", "transform", "combine")
    return sum(report["timings"][step]["seconds"] for step in steps)


def regular_mask(n_lines, acs):
    mask = np.zeros(n_lines, bool)
    mask[n_lines // 2 % ACCELERATION::ACCELERATION] = True
    mask[n_lines // 2 - acs // 2:][:acs] = True
    return mask


def grappa_calls(kspace, mask, acs, full):
    """`linear`, also calibrated on the truth and of fewer virtual coils, the engine's GRAPPA, and pygrappa as documented:
    (kx, ky, coil), calibration lines apart. Its kernel of 5 x 5 sees one or two measured lines at R = 4, that of 5 x 9 two
    or three."""
    calls = {method: lambda method=method: raki.interpolate(kspace, mask, method).kspace
             for method in ("linear", "grappa")}
    calls["linear, calibrated on the truth"] = lambda: raki.interpolate(kspace, mask, "linear", calibration=full).kspace
    centre = kspace.shape[1] // 2 - acs // 2
    if kspace.shape[0] > FEWER_COILS:
        reference = kspace[:, centre:centre + acs]
        calls[f"linear, {FEWER_COILS} virtual coils"] = lambda: raki.interpolate(
            raki.compress_coils(kspace, FEWER_COILS, reference), mask, "linear").kspace
    small, wide = (5, 5), (5, 9)
    for function, dtype, sizes in ((pygrappa.grappa, "c8", (small, wide)), (pygrappa.mdgrappa, "c8", (small,)),
                                   (pygrappa.cgrappa, "c16", (small,))):
        theirs = np.ascontiguousarray(kspace.transpose(2, 1, 0), dtype)
        calibration = theirs[:, centre:centre + acs].copy()
        for size in sizes:
            calls[f"pygrappa.{function.__name__} {size[0]} x {size[1]}"] = (
                lambda f=function, k=theirs, c=calibration, size=size: f(k, c, kernel_size=size).transpose(2, 1, 0))
    return calls


def nrmse(filled, full):
    image, reference = (raki.root_sum_of_squares(raki.to_coil_images(np.ascontiguousarray(k, np.complex64)))
                        for k in (filled, full))
    return raki.compare_images(image, reference)["nrmse"]


def bench_pygrappa(a):
    """Seconds and errors of `linear` and of pygrappa's three, on the real scans."""
    for name in a.set.split(","):
        full = full_scans.load(a.data, name)
        for acs in (n for n in ACS if n < full.shape[1] // 2):
            mask = regular_mask(full.shape[1], acs)
            found = alternately(grappa_calls(full * mask[:, None], mask, acs, full), a.turns)
            methods = {method: {"seconds": round(statistics.median(seconds), 4),
                                "processor_seconds": round(statistics.median(busy), 4),
                                "nrmse": round(nrmse(filled, full), 4)}
                       for method, (seconds, busy, filled) in found.items()}
            theirs = methods["pygrappa.grappa 5 x 5"]
            for ours in (method for method in methods if method.startswith("linear")):
                ratio = {key: methods[ours][key] / theirs[key] for key in theirs}
                tell(f"{ours}, {name}, R = {ACCELERATION}, {acs} ACS lines", found[ours][0], "s", ratio["seconds"],
                     "pygrappa.grappa 5 x 5", processor_ratio=round(ratio["processor_seconds"], 2),
                     error_ratio=round(ratio["nrmse"], 3), methods=methods)


def bench_networks(a):
    """Training raki-2019 through the package, and the whole filling, against PyTorch's Python training alone."""
    kspace = plain_torch.phantom(8, 256, 256)
    mask = regular_mask(256, 40)
    kspace *= mask[:, None]
    torch.manual_seed(1)

    def trained():
        network = raki.Network.published("raki-2019", 8, ACCELERATION, iterations=NETWORK_STEPS)
        return raki.train(kspace, mask, network)

    found = alternately({
        "python": lambda: plain_torch.python_way(kspace[:, 108:148], ACCELERATION, NETWORK_STEPS),
        "raki.train": trained,
        "raki.interpolate": lambda: raki.interpolate(kspace, mask, "raki-2019", iterations=NETWORK_STEPS)}, a.turns)
    python = statistics.median(found.pop("python")[0])
    for name, (seconds, _, _) in found.items():
        tell(f"{name} of raki-2019, 8 coils, R = 4, 40 ACS lines, {NETWORK_STEPS} steps", seconds, "s",
             python / statistics.median(seconds), "times as fast as PyTorch's Python trains, network after network",
             python_seconds=round(python, 2))


MEMORY = """import gc, json, pathlib, sys, numpy as np, raki
def status(name):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024
method, keep, taken = sys.argv[1], sys.argv[2] == "1", sys.argv[3] == "1"
mask = np.zeros(320, bool); mask[::4] = True; mask[148:172] = True
random = np.random.default_rng(1)
kspace = np.zeros((16, 16, 1, 320, 640), np.complex64)
for frame in kspace:
    frame.real, frame.imag = random.standard_normal((2, 16, 1, 1, 640), np.float32)
kspace *= mask[:, None]
raki.reconstruct(kspace[0, :4, :, :64, :64], mask[:64], "zero-filled", device="cpu"); gc.collect()
before = status("VmRSS:")
pathlib.Path("/proc/self/clear_refs").write_text("5")
result = raki.reconstruct(kspace, mask, method, keep=keep, device="cpu")
results = (result.image, result.kspace) if taken else None
print(json.dumps([kspace.nbytes, before, status("VmHWM:"), status("VmRSS:"), result.report["batches"]]))"""


def bench_memory(a):
    """Peak while an array of 16 frames x 16 coils x 320 x 640 is reconstructed, beside the array itself."""
    for method in ("zero-filled", "linear"):
        for keep, taken in ((True, True), (True, False), (False, False)):
            array, before, peak, after, batches = fresh(MEMORY, method, int(keep), int(taken))
            name = f"reconstruct of 419 MB, {method}, keep={keep}" + (", image and kspace taken" if taken else "")
            tell(name, [peak / 1e6], "MB at the peak", peak / array, "the array given",
                 beside_array=round((peak - before) / array, 2), held_after=round((after - before) / array, 2),
                 batches=batches)


BENCHES = {"import": bench_import, "overhead": bench_overhead, "steps": bench_steps, "pygrappa": bench_pygrappa,
           "networks": bench_networks, "memory": bench_memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", choices=[[], *BENCHES], help="all when none is named")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--set", default=",".join(full_scans.SETS), help="real scans for pygrappa")
    parser.add_argument("--data", type=pathlib.Path,
                        default=os.environ.get("RAKI_DATA", ROOT.parent / "shared" / "data"))
    a = parser.parse_args()
    warnings.filterwarnings("ignore", message="invalid value", module="pygrappa")  # of windows that see no sample
    for name in a.case or BENCHES:
        BENCHES[name](a)


if __name__ == "__main__":
    main()
