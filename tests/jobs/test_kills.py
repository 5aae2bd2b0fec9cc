"""kill -9 of the engine, of raki-job and of both in the middle of a job that raki-batch-local runs: every result once, and whole."""

import hashlib
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

import job_runs
from batch_local import FIVE_RULES, SLOW, Run, command_of, definition

UNITS, UNITS_PER_INDEX, UNIT_SECONDS = 20, 5, 0.1
LAST_MOMENT = 16  # units published: with four left over, two at a time, nobody is through before the kill
SEED = 20
PROGRAMS = {"engine": {"stub_worker.py", "tether.py"}, "entry point": {"raki-job"}, "both": {"stub_worker.py", "tether.py", "raki-job"}}


def moments(count):
    """(units published by then, seconds after that, what is killed), from the first imports to the last units."""
    chance = random.Random(SEED)
    kinds = ["both", "engine", "entry point"] * count
    published = [chance.randint(0, LAST_MOMENT) for _ in range(count)]
    return [pytest.param((number, chance.uniform(0, UNIT_SECONDS if number else 1)), kind, id=f"{kind} after {number}")
            for number, kind in zip(published, kinds)]


def processes(folder, programs):
    """Those of the job of this test that run one of these Python programs."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = [os.fsdecode(word) for word in (process / "cmdline").read_bytes().split(b"\0")]
            is_ours = f"KILL_TEST={folder}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        script = next((word for word in words[1:] if not word.startswith("-")), "")
        if is_ours and pathlib.Path(script).name in programs:
            found.append(int(process.name))
    return found


def killed_job(folder, manifest, moment, kind, published, **variables):
    """The run of a job of 20 units, two indices at a time, one kill. `published` is called again and again while it runs: it checks that what
    is there is whole, and counts it."""
    (folder / "scratch").mkdir()
    environment = [{"name": name, "value": str(value)} for name, value in {"KILL_TEST": folder, **variables}.items()]
    command = [str(word) for word in job_runs.command("Ref::manifest", "--scratch", folder / "scratch")]
    job = definition(command, parameters={"manifest": str(manifest)}, properties={"environment": environment}, retryStrategy={"attempts": 5, "evaluateOnExit": FIVE_RULES})
    words = command_of(folder, [job], "--array-size", UNITS // UNITS_PER_INDEX, "--parallel", 2, "--logs", folder / "logs")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=job_runs.environment()) as process:
        while published() < moment[0]:
            assert process.poll() is None, "the job ended early"
            time.sleep(0.01)
        time.sleep(moment[1])
        while not (victims := processes(folder, PROGRAMS[kind])):
            assert process.poll() is None, "the job was over before anything was killed"
            time.sleep(0.005)
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        while process.poll() is None:
            published()
            time.sleep(0.05)
        run = Run(process.returncode, *process.communicate())
    logs = "\n".join(path.read_text() for path in sorted((folder / "logs").rglob("*.log")))
    assert run.code == 0, f"killed {kind} at {moment}: {run.lines}\n{logs}"
    assert processes(folder, PROGRAMS["both"]) == [] and job_runs.leftovers(folder / "scratch") == []
    codes = {line["exit_code"] for line in run.attempts}
    assert codes <= {0, 75} if kind == "engine" else 137 in codes  # raki-job replaces an engine itself
    return run


def units():
    return [(f"u{number}", f"{number}.h5", {"stub-seconds": UNIT_SECONDS, "stub-bytes": 100_000}) for number in range(UNITS)]


def digest(number):
    return hashlib.sha256(job_runs.scan_bytes(number)).hexdigest()


@pytest.mark.parametrize("moment, kind", moments(30 if SLOW else 4))
def test_on_disk(tmp_path, moment, kind):
    job_runs.write_inputs(tmp_path, UNITS)
    manifest, out = job_runs.write_manifest(tmp_path, units(), units_per_index=UNITS_PER_INDEX), tmp_path / "out"

    def published():
        results = list(out.glob("*/[!.]*"))
        assert all(job_runs.success(result.parent)["run_id"] == result.name for result in results)
        return len(results)

    killed_job(tmp_path, manifest, moment, kind, published)
    assert {unit.name: job_runs.result_of(unit) for unit in out.iterdir()} == {f"u{number}": digest(number) for number in range(UNITS)}
    assert job_runs.leftovers(out) == []


@pytest.mark.parametrize("moment, kind", moments(10 if SLOW else 2))
def test_in_s3(tmp_path, bucket, moment, kind):
    for number in range(UNITS):
        bucket.put(f"in/{number}.h5", job_runs.scan_bytes(number))

    def published():
        there = set(bucket.keys("in/out/"))
        results = [key.removesuffix("_SUCCESS.json") for key in there if key.endswith("_SUCCESS.json")]
        assert {result + name for result in results for name in ("recon.json", "series001/image0001.dcm")} <= there
        return len(results)

    with bucket.proxy() as proxy:
        manifest = bucket.manifest(units(), units_per_index=UNITS_PER_INDEX)
        killed_job(tmp_path, manifest, moment, kind, published, AWS_ENDPOINT_URL=proxy.url)
    assert {f"u{number}": bucket.seen(f"u{number}") for number in range(UNITS)} == {f"u{number}": digest(number) for number in range(UNITS)}
    assert len(bucket.keys("in/out/")) == 3 * UNITS  # of each two files and the note: killed attempts left nothing else
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)
