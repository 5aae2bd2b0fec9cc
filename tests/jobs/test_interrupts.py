"""raki-job that is stopped, killed, or started twice: what is published stays, nothing half is seen, a repeat finishes it."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import job_runs
import pytest
from fault_proxy import Fault
from job_runs import STUB, environment, leftovers, run_job, scan_bytes, success, write_inputs, write_manifest
from raki_job.folders import OwnFolder

WITHIN_SECONDS = 10


@contextlib.contextmanager
def started(manifest, *arguments, worker=STUB, prefix=(), **variables):
    process = subprocess.Popen([*prefix, *map(str, job_runs.command(manifest, *arguments, worker=worker))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment(**variables))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def ended(process, code):
    """Its log lines, after an end within the promised time."""
    began = time.monotonic()
    out, _ = process.communicate(timeout=60)
    assert time.monotonic() - began < WITHIN_SECONDS and process.returncode == code, out
    return [json.loads(line) for line in out.splitlines()]


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def told(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("deaf", ["", "--deaf"])
def test_a_signal_drops_the_unit_and_keeps_what_is_published(tmp_path, number, deaf):
    units = [*write_inputs(tmp_path, 2), ("slow", "0.h5", {"stub-seconds": 60}), ("never", "0.h5")]
    manifest = write_manifest(tmp_path, units)
    with started(manifest, "--scratch", tmp_path, worker=f"{STUB} {deaf} --tell {tmp_path / 'told'}") as process:
        wait_for(lambda: len(told(tmp_path / "told")) == 3)
        process.send_signal(number)
        process.send_signal(number)
        lines = ended(process, 75)
    assert lines[-1]["event"] == "summary" and lines[-1]["exit"] == 75 and lines[-1]["done"] == 2
    assert not is_alive(told(tmp_path / "told")[0]["pid"]) and leftovers(tmp_path) == []
    success(tmp_path / "out" / "u0"), success(tmp_path / "out" / "u1")
    assert list((tmp_path / "out").glob("[sn]*/*")) == []


def test_a_signal_while_nothing_is_computed(bucket, tmp_path):
    """One unit done, one skipped, the third waits for its input."""
    for n in range(2):
        bucket.put(f"in/{n}.h5", scan_bytes(n))
    units = [("u0", "0.h5"), ("u1", "0.h5"), ("u2", "1.h5")]
    output = str(tmp_path / "out")
    with bucket.proxy() as proxy:
        bucket.run(proxy, bucket.manifest(units[1:2], output=output))
    with bucket.proxy(Fault("GET", "1.h5", "stall", 99)) as proxy, started(bucket.manifest(units, output=output), AWS_ENDPOINT_URL=proxy.url) as process:
        wait_for(lambda: len(list(tmp_path.glob("out/*/*/_SUCCESS.json"))) == 2)
        process.send_signal(signal.SIGTERM)
        lines = ended(process, 75)
    assert (lines[-1]["done"], lines[-1]["skipped"]) == (1, 1) and "bug" not in str(lines) and leftovers(tmp_path) == []


def test_a_signal_during_a_slow_download_or_upload_is_heard(bucket, tmp_path):
    bucket.put("in/0.h5", scan_bytes(0, 1 << 20))
    manifest = bucket.manifest([("u", "0.h5")])
    for fault in (Fault("GET", "0.h5", "stall", 99), Fault("PUT", "dcm", "503", 999), Fault("GET", "manifest", "stall", 99)):
        with bucket.proxy(fault) as proxy, started(manifest, "--scratch", tmp_path, AWS_ENDPOINT_URL=proxy.url, RAKI_S3_TIMEOUT=60) as process:
            wait_for(lambda: any(one[2] == fault.action for one in proxy.requests))
            process.send_signal(signal.SIGTERM)
            ended(process, 75)
    assert not [key for key in bucket.keys() if "_SUCCESS" in key]


def test_it_works_as_the_first_process_of_a_container(tmp_path):
    prefix = ["unshare", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("no right to a process namespace here (unshare --pid)")
    manifest = write_manifest(tmp_path, [*write_inputs(tmp_path, 1), ("slow", "0.h5", {"stub-seconds": 60})])
    with started(manifest, worker=f"{STUB} --tell {tmp_path / 'told'}", prefix=prefix) as process:
        wait_for(lambda: len(told(tmp_path / "told")) == 2)
        assert told(tmp_path / "told")[0]["pid"] < 50  # a small world of its own
        child, = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGTERM)
        assert ended(process, 75)[-1]["exit"] == 75


def test_a_signal_before_anything_began(tmp_path):
    """While Python still imports: no traceback, and 75."""
    for delay in (0.05, 0.15, 0.3, 0.6):
        with started(write_manifest(tmp_path, [("u", "absent.h5", {})])) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
        assert errors == "" and process.returncode in (75, -signal.SIGTERM, 66), delay


def test_the_engine_dies_with_a_killed_job_and_the_next_attempt_cleans_up(tmp_path):
    units = [*write_inputs(tmp_path, 2), ("slow", "1.h5", {"stub-hang": True, "stub-once": "x"})]
    manifest = write_manifest(tmp_path, units)
    with started(manifest, "--scratch", tmp_path, worker=f"{STUB} --tell {tmp_path / 'told'}", STUB_STATE=tmp_path) as process:
        wait_for(lambda: len(told(tmp_path / "told")) == 3 and list((tmp_path / "out").glob("slow/.raki-*/.out.half")))
        process.kill()
        process.wait()
    wait_for(lambda: not is_alive(told(tmp_path / "told")[0]["pid"]), 5)
    assert len(leftovers(tmp_path)) >= 4  # folder and lock, in scratch and beside the result
    ran = run_job(manifest, "--scratch", tmp_path, STUB_STATE=tmp_path)
    assert ran.summary["done"] + ran.summary["skipped"] == 3 and ran.summary["skipped"] >= 1 and leftovers(tmp_path) == []
    assert [success(tmp_path / "out" / name)["unit"] for name in ("u0", "u1", "slow")] == ["u0", "u1", "slow"]


@pytest.mark.parametrize("locks", ["of an open file", "of a process"])
def test_folders_of_the_living_stay(tmp_path, monkeypatch, locks):
    """Locks of a process, as some network file systems have them, never stand against itself."""
    if locks == "of a process":
        monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    first = OwnFolder(tmp_path)
    (first.path / "file").write_text("x")
    second = OwnFolder(tmp_path)
    assert (first.path / "file").read_text() == "x" and first.path != second.path
    first.remove(), second.remove()
    assert leftovers(tmp_path) == []


def test_folders_of_the_dead_go_and_those_of_others_stay(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(job_runs.JOB.parent)!r}); from raki_job.folders import OwnFolder; (OwnFolder({str(tmp_path)!r}).path / 'x').write_text('x')"
    subprocess.run([sys.executable, "-c", code], check=True)
    (tmp_path / ".raki-of-somebody").mkdir()
    (tmp_path / ".other.lock").touch()
    assert len(leftovers(tmp_path)) == 4
    OwnFolder(tmp_path).remove()
    assert leftovers(tmp_path) == [".other.lock", ".raki-of-somebody"]


def test_two_attempts_at_once_publish_once_on_disk(tmp_path):
    units = [{"id": name, "input": path, "options": {"stub-unique": True, "stub-seconds": 0.2}} for name, path in write_inputs(tmp_path, 6)]
    manifest = write_manifest(tmp_path, units)
    with started(manifest) as one, started(manifest) as two, started(manifest) as three:
        ends = [ended_whole(process) for process in (one, two, three)]
    for n in range(6):
        success(tmp_path / "out" / f"u{n}")
    assert leftovers(tmp_path) == [] and sum(end["done"] for end in ends) == 6 and sum(end["skipped"] for end in ends) == 12


def ended_whole(process):
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, out + errors
    return json.loads(out.splitlines()[-1])


def test_two_attempts_at_once_publish_once_in_s3(bucket):
    """Results that differ from attempt to attempt: in a bucket with versions, the note names those of the winner."""
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    units = [{"id": f"u{n}", "input": bucket.put(f"in/{n}.h5", scan_bytes(n)), "options": {"stub-unique": True, "stub-seconds": 0.2}} for n in range(6)]
    manifest = bucket.manifest(units)
    with bucket.proxy() as proxy, started(manifest, AWS_ENDPOINT_URL=proxy.url) as one, started(manifest, AWS_ENDPOINT_URL=proxy.url) as two:
        ends = [ended_whole(process) for process in (one, two)]
    assert proxy.count("PUT", "_SUCCESS") > 6, "they never met"
    assert sum(end["done"] for end in ends) == 6 and sum(end["skipped"] for end in ends) == 6
    for n in range(6):
        note = bucket.note(f"u{n}")
        for one in note["files"]:
            data = bucket.get(f"in/out/u{n}/{note['run_id']}/{one['path']}", VersionId=one["version"])
            assert hashlib.sha256(data).hexdigest() == one["sha256"]
