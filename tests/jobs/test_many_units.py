"""Thousands of units through one raki-job: memory stays flat, the next input is there when the engine is free."""

import json
import os
import pathlib
import subprocess
import time

import job_runs
from fault_proxy import Fault

COUNT = 10_000 if os.environ.get("RAKI_SLOW") == "1" else 300


def resident(pid):
    """Bytes of memory of its own."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["RssAnon"].split()[0]) * 1024


def test_memory_is_flat_and_every_unit_published_once(bucket, tmp_path):
    """Two measurements: when a tenth is done, and near the end."""
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


def test_transfers_hide_behind_the_engine(bucket):
    """Six units of 1 s, each with a download of about 1 s: in turn they would take 12 s."""
    units = [(f"u{n}", bucket.put(f"in/{n}.h5", job_runs.scan_bytes(n, 1 << 20)), {"stub-seconds": 1}) for n in range(6)]
    manifest = bucket.manifest(units)
    with bucket.proxy(Fault("GET", r"\.h5", "slow", 6)) as proxy:
        ran = bucket.run(proxy, manifest)
    fetched = sum(line["ms"] for line in ran.events("stage") if line["stage"] == "fetch") / 1000
    print(f"\ncompute 6 s, fetch {fetched:.1f} s, whole run {ran.summary['seconds']:.1f} s")
    assert fetched > 5 and ran.summary["seconds"] < 6 + fetched - 3
