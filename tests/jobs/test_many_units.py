"""Thousands of units through one raki-job: memory stays flat, the next input is there when the engine is free."""

import json
import os
import pathlib
import subprocess
import time

import job_runs
import pytest
from fault_proxy import Fault

SLOW = os.environ.get("RAKI_SLOW") == "1"
COUNT = 10_000 if SLOW else 300


def resident(pid):
    """Bytes of memory of its own."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["RssAnon"].split()[0]) * 1024


def test_memory_is_flat_and_every_unit_published_once(bucket, tmp_path):
    """Two measurements: when a fifth is done, and near the end."""
    bucket.put("in/a.h5", job_runs.scan_bytes(1))
    manifest = bucket.manifest([(f"u{n}", "a.h5") for n in range(COUNT)])
    memory, done = [], 0
    with bucket.proxy() as proxy, open(tmp_path / "errors", "w") as errors:
        began = time.monotonic()
        process = subprocess.Popen(list(map(str, job_runs.command(manifest))), stdout=subprocess.PIPE, stderr=errors, text=True, env=job_runs.environment(AWS_ENDPOINT_URL=proxy.url))
        for text in process.stdout:
            line = json.loads(text)
            done += line["event"] == "unit-done"
            if line["event"] == "unit-done" and done in (COUNT // 5, COUNT - 5):
                memory.append(resident(process.pid))
        seconds = time.monotonic() - began
    assert process.wait() == 0 and line["event"] == "summary" and line["done"] == done == COUNT
    print(f"\n{COUNT} units in {seconds:.1f} s: {COUNT / seconds:.1f} a second, {1000 * seconds / COUNT:.1f} ms each; memory {memory[0] / 1e6:.1f} -> {memory[1] / 1e6:.1f} MB")
    data = proxy.count("GET", r"\.h5") + proxy.count("PUT", "(recon.json|dcm)$") + 1
    assert len(proxy.requests) - data == 2 * COUNT
    assert memory[1] - memory[0] < 8e6
    assert sum(key.endswith("_SUCCESS.json") for key in bucket.keys("in/out/")) == COUNT


def test_the_next_input_is_fetched_while_the_engine_computes(bucket):
    """Its request comes at least as long before the result's as the engine takes."""
    units = [(f"u{n}", bucket.put(f"in/{n}.h5", job_runs.scan_bytes(n)), {"stub-seconds": 0.5}) for n in range(4)]
    with bucket.proxy() as proxy:
        bucket.run(proxy, bucket.manifest(units))
    gaps = [proxy.when("PUT", f"u{n}/.*dcm") - proxy.when("GET", rf"{n + 1}\.h5") for n in range(3)]
    assert min(gaps) >= 0.5


@pytest.mark.skipif(not SLOW, reason="a measurement of two minutes (RAKI_SLOW=1)")
def test_overhead_of_units_of_five_seconds(bucket):
    """Only printed. 20 units, 20 MB in, 10 MB out, with a download that takes a second."""
    data = job_runs.scan_bytes(1, 20_000_000)
    units = [(f"u{n}", bucket.put(f"in/{n}.h5", data), {"stub-seconds": 5, "stub-bytes": 10_000_000}) for n in range(20)]
    with bucket.proxy(Fault("GET", r"\.h5", "slow", 20)) as proxy:
        ran = bucket.run(proxy, bucket.manifest(units))
    stages = {stage: sum(line["ms"] for line in ran.events("stage") if line["stage"] == stage) / 1000 for stage in ("fetch", "compute", "publish")}
    print(f"\n{stages}; whole run {ran.summary['seconds']:.1f} s: {100 * (ran.summary['seconds'] / stages['compute'] - 1):.1f} % more than the engine")
    assert ran.summary["done"] == 20
