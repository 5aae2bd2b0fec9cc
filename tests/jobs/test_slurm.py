"""jobs/cluster/raki.sbatch on a real Slurm: what is tried again, what is not, and who hears SIGTERM."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

import job_runs
import slurm as slurm_support
from batch_local import SLOW

ROOT = pathlib.Path(__file__).resolve().parents[2]
SBATCH = ROOT / "jobs" / "cluster" / "raki.sbatch"
# Stands in for raki-job: the manifest says for each index with which codes its attempts end. Each call leaves a line.
STUB = """
import json, os, pathlib, signal, sys, time
manifest = pathlib.Path(sys.argv[2])
index, attempt = int(os.environ["SLURM_ARRAY_TASK_ID"]), int(os.environ.get("SLURM_RESTART_COUNT", 0)) + 1
plan = json.loads(manifest.read_text())
calls = manifest.with_suffix(".calls")

def note(what):
    with open(calls, "a") as stream:
        stream.write(json.dumps({"what": what, "index": index, "attempt": attempt, "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "arguments": sys.argv[1:]}) + "\\n")

def stop(*_):
    note("term")
    sys.exit(75)

signal.signal(signal.SIGTERM, stop)
note("begin")
codes = plan["codes"].get(str(index), [0])
code = codes[min(attempt, len(codes)) - 1]
time.sleep(plan["seconds"] if code == "waits" else 0.3)
note("end")
sys.exit(0 if code == "waits" else code)
"""


@pytest.fixture(scope="module")
def slurm():
    try:
        with slurm_support.running() as one:
            yield one
    except slurm_support.Unusable as why:
        pytest.skip(f"no Slurm can be started here: {why}")


@pytest.fixture
def bundle(tmp_path):
    """A folder as jobs/cluster/bundle makes it, with the stub."""
    folder = tmp_path / "a bundle"
    (folder / "cloud").mkdir(parents=True)
    (folder / "cloud" / "raki-job").write_text(STUB)
    (folder / "raki").write_text("#!/bin/sh\n")
    (folder / "raki").chmod(0o755)
    shutil.copy(SBATCH, folder)
    return folder


class Study:
    """A manifest of the stub, and an array that was submitted for it."""

    def __init__(self, slurm, bundle, codes, seconds=60):
        self.slurm, self.bundle, self.folder = slurm, bundle, bundle.parent
        self.manifest = self.folder / "study.manifest.json"
        self.manifest.write_text(json.dumps({"codes": {str(index): value for index, value in codes.items()}, "seconds": seconds}))
        (self.folder / "tmp").mkdir()

    def submit(self, array, *options, **environment):
        self.job = self.slurm.submit(f"--array={array}", "--mem=100", "--cpus-per-task=1", f"--chdir={self.folder}", *options, self.bundle / "raki.sbatch",
                                     self.manifest, RAKI_BUNDLE=str(self.bundle), RAKI_PYTHON=sys.executable, TMPDIR=str(self.folder / "tmp"), **environment)
        return self

    def ended(self):
        """{index: exit code} as Slurm has it."""
        return {index: int(fields["ExitCode"].split(":")[0]) for index, fields in self.slurm.wait(self.job).items()}

    @property
    def calls(self):
        path = self.manifest.with_suffix(".calls")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def attempts(self):
        """{index: the attempts that began}."""
        found = {}
        for call in self.calls:
            if call["what"] == "begin":
                found.setdefault(call["index"], []).append(call["attempt"])
        return found

    def log(self, index):
        return (self.folder / f"raki-{self.job}_{index}.log").read_text()

    def until(self, what, index):
        until = time.monotonic() + 20
        while not any((call["what"], call["index"]) == (what, index) for call in self.calls):
            assert time.monotonic() < until, f"index {index} had no {what}:\n{self.calls}"
            time.sleep(0.05)


def test_what_may_pass_is_tried_again_and_nothing_else(slurm, bundle):
    study = Study(slurm, bundle, {1: [75, 0], 4: [65], 6: [137, 75, 0], 7: [70]}).submit("0-7")
    assert study.ended() == {0: 0, 1: 0, 2: 0, 3: 0, 4: 65, 5: 0, 6: 0, 7: 70}
    assert study.attempts() == {0: [1], 1: [1, 2], 2: [1], 3: [1], 4: [1], 5: [1], 6: [1, 2, 3], 7: [1]}
    assert "attempt 1 ended with exit 75, which may pass: requeued" in study.log(1) and study.log(0) == ""


def test_the_last_task_requeues_itself_and_not_the_whole_array(slurm, bundle):
    """Its SLURM_JOB_ID is the array's: `scontrol requeue` of that would kill and repeat every task."""
    study = Study(slurm, bundle, {0: ["waits"], 1: [75, 0]}, seconds=3).submit("0-1")
    assert study.ended() == {0: 0, 1: 0} and study.attempts() == {0: [1], 1: [1, 2]}
    assert slurm.tasks(study.job)[1]["JobId"] == study.job  # or this test has not seen what it is for


@pytest.mark.parametrize("configuration", [[], ["RequeueExit=75"]], ids=["as it is", "a cluster that requeues by itself"])
def test_attempts_are_bounded(slurm, bundle, configuration):
    slurm.reconfigure(*configuration)
    try:
        study = Study(slurm, bundle, {0: [75], 1: [137, 0]}).submit("0-1", RAKI_ATTEMPTS="3")
        assert study.ended() == {0: 1, 1: 0} and study.attempts() == {0: [1, 2, 3], 1: [1, 2]}
        assert "Given up: found exit 75 at attempt 3" in study.log(0)
    finally:
        slurm.reconfigure()


def test_sigterm_reaches_raki_job_and_the_index_is_tried_again(slurm, bundle):
    study = Study(slurm, bundle, {0: ["waits", 0]}).submit("0")
    study.until("begin", 0)
    slurm("scancel", "--batch", "--signal=TERM", f"{study.job}_0")
    assert study.ended() == {0: 0}
    assert [(call["what"], call["attempt"]) for call in study.calls] == [("begin", 1), ("term", 1), ("begin", 2), ("end", 2)]


@pytest.mark.skipif(not SLOW, reason="a minute: RAKI_SLOW=1")
def test_sigterm_comes_ahead_of_the_time_limit(slurm, bundle):
    study = Study(slurm, bundle, {0: ["waits", 0]}, seconds=100).submit("0", "--time=1")
    slurm.wait(study.job, seconds=180)
    assert study.ended() == {0: 0} and ("term", 1) in [(call["what"], call["attempt"]) for call in study.calls]


@pytest.mark.parametrize("requeue", [False, True], ids=["cancelled", "requeued by somebody else"])
def test_what_somebody_decided_stays(slurm, bundle, requeue):
    study = Study(slurm, bundle, {0: ["waits", 0]}).submit("0")
    study.until("begin", 0)
    slurm("scontrol", "requeue", f"{study.job}_0") if requeue else slurm("scancel", f"{study.job}_0")
    slurm.wait(study.job)
    time.sleep(2)
    assert slurm.tasks(study.job)[0]["JobState"] == ("COMPLETED" if requeue else "CANCELLED")
    assert study.attempts() == {0: [1, 2] if requeue else [1]} and "requeued" not in study.log(0).replace("JOB REQUEUE", "")


def test_two_tasks_never_share_a_gpu(slurm, bundle):
    study = Study(slurm, bundle, {}).submit("0-5")
    study.ended()
    taken, most = {}, 0
    for call in study.calls:
        if call["what"] == "begin":
            assert call["gpu"] in ("0", "1") and call["gpu"] not in taken.values()
            taken[call["index"]] = call["gpu"]
            most = max(most, len(taken))
        else:
            del taken[call["index"]]
    assert most == 2


def test_arguments_of_raki_job(slurm, bundle):
    study = Study(slurm, bundle, {}).submit("3", "--cpus-per-task=2")
    study.ended()
    arguments = study.calls[0]["arguments"]
    assert arguments[:2] == ["run", str(study.manifest)] and arguments[4:] == ["--scratch", str(study.folder / "tmp"), "--threads", "2"]
    said = subprocess.run(["bash", "-c", f"printf '%s\\n' {arguments[3]}"], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [str(bundle / "raki"), "worker", "--log", "json"]  # one word each, though the folder has a space


@pytest.mark.parametrize("words, environment, code, word", [([], {}, 64, "usage"), (["m"], {}, 78, "Export RAKI_BUNDLE"),
                                                            (["m"], {"RAKI_BUNDLE": "/"}, 78, "expected a folder of jobs/cluster/bundle")])
def test_what_the_script_needs(words, environment, code, word):
    clean = {name: value for name, value in os.environ.items() if name != "RAKI_BUNDLE"}
    done = subprocess.run([SBATCH, *words], capture_output=True, text=True, env={**clean, **environment})
    assert done.returncode == code and word in done.stderr


def test_every_good_result_exactly_once(slurm, bundle, tmp_path):
    """raki-job itself with the stub of an engine: an array of 8, two units that fail once (75), one corrupt (65)."""
    shutil.rmtree(bundle / "cloud")
    (bundle / "cloud").symlink_to(ROOT / "jobs" / "cloud")
    (bundle / "raki").write_text(f'#!/bin/sh\nshift\nexec {job_runs.STUB} --tell {tmp_path / "told"} "$@"\n')
    trouble = {1: {"stub-exit": 75, "stub-once": "one"}, 4: {"stub-exit": 65, "stub-error": "a line is cut"}, 7: {"stub-exit": 75, "stub-once": "seven"}}
    units = [(*unit, trouble.get(number, {})) for number, unit in enumerate(job_runs.write_inputs(tmp_path, 8))]
    manifest = job_runs.write_manifest(tmp_path, units)
    job = slurm.submit("--array=0-7", "--mem=100", "--cpus-per-task=1", f"--chdir={tmp_path}", bundle / "raki.sbatch", manifest,
                       **job_runs.environment(RAKI_BUNDLE=bundle, RAKI_PYTHON=sys.executable, STUB_STATE=tmp_path, SLURM_CONF=slurm.environment["SLURM_CONF"]))
    tasks = slurm.wait(job, seconds=120)
    logs = {number: (tmp_path / f"raki-{job}_{number}.log").read_text() for number in range(8)}
    assert {index: fields["ExitCode"] for index, fields in tasks.items()} == {index: "65:0" if index == 4 else "0:0" for index in range(8)}, logs
    assert {index: int(fields["Restarts"]) for index, fields in tasks.items()} == {index: int(index in (1, 7)) for index in range(8)}
    for number in set(range(8)) - {4}:
        assert job_runs.result_of(tmp_path / "out" / f"u{number}") == hashlib.sha256(job_runs.scan_bytes(number)).hexdigest()
        assert job_runs.success(tmp_path / "out" / f"u{number}")["attempt"] == (2 if number in (1, 7) else 1)
    failure, = (tmp_path / "out" / "u4").glob("*/*")
    assert failure.name == "_FAILURE.json" and json.loads(failure.read_text())["exit"] == 65
    assert job_runs.leftovers(tmp_path / "out") == [] and len((tmp_path / "told").read_text().splitlines()) == 10  # 8 units, two of them twice
