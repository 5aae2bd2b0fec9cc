"""What tests of jobs/cloud/raki-job share: the program itself, manifests, and how results are checked."""

import dataclasses
import hashlib
import json
import os
import pathlib
import subprocess
import sys

SUPPORT = pathlib.Path(__file__).resolve().parent
JOB = SUPPORT.parents[1] / "jobs" / "cloud" / "raki-job"
STUB = f"{sys.executable} {SUPPORT / 'stub_worker.py'}"
LOG_KEYS = set("ts level event run_id unit attempt index stage ms bytes exit error version device units done skipped failed retry seconds job "
               "array_size".split())
FOREIGN = ("AWS_", "RAKI_", "SLURM_", "MOTO_")


def environment(**more):
    """Ours without anything that says who a job is; `more` on top."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    fake = {"AWS_ACCESS_KEY_ID": "AKIDFAKE", "AWS_SECRET_ACCESS_KEY": "SecretOfNobody", "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true"}
    return {**clean, **fake, **{name: str(value) for name, value in more.items()}}


@dataclasses.dataclass
class Ran:
    """What a run of raki-job left."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self):
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def summary(self):
        return self.lines[-1]

    def events(self, name):
        return [line for line in self.lines if line["event"] == name]


def command(manifest, *arguments, worker=STUB):
    return [sys.executable, JOB, "run", manifest, "--worker", worker, *map(str, arguments)]


def run_job(manifest, *arguments, code=0, worker=STUB, timeout=120, **variables):
    """Runs it to its end; its exit code must be `code`."""
    done = subprocess.run(command(manifest, *arguments, worker=worker), capture_output=True, text=True, timeout=timeout, env=environment(**variables))
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert done.returncode == code, f"raki-job ended with {done.returncode}, not {code}:\n{done.stdout}\n{done.stderr}"
    assert ran.summary["event"] == "summary" and ran.summary["exit"] == code
    assert all(set(line) <= LOG_KEYS for line in ran.lines)
    return ran


def manifest_text(units, output="out", **more):
    """`units` are dictionaries, or (id, input) or (id, input, options)."""
    full = [unit if isinstance(unit, dict) else {"id": unit[0], "input": unit[1], **({"options": unit[2]} if unit[2:] else {})} for unit in units]
    return json.dumps({"format": "raki-manifest-1", "output": output, "units": full, **more})


def write_manifest(folder, units, output="out", **more):
    path = folder / "job.manifest.json"
    path.write_text(manifest_text(units, output, **more))
    return path


def write_inputs(folder, count, size=1000):
    """Files 0.h5, 1.h5, ... of different content, as units u0, u1, ..."""
    for number in range(count):
        (folder / f"{number}.h5").write_bytes(scan_bytes(number, size))
    return [(f"u{number}", f"{number}.h5") for number in range(count)]


def scan_bytes(number, size=1000):
    """Not compressible, the same each time."""
    data = b"".join(hashlib.sha256(f"{number} {block}".encode()).digest() for block in range(size // 32 + 1))
    return data[:size]


def success(folder):
    """The note of a unit's one published result on disk, every file of it checked and nothing else there."""
    notes = sorted(folder.glob("*/_SUCCESS.json"))
    assert len(notes) == 1, f"{len(notes)} results in {folder}"
    note, place = json.loads(notes[0].read_text()), notes[0].parent
    assert place.name == note["run_id"]
    found = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert found - {"_SUCCESS.json", "_FAILURE.json"} == {one["path"] for one in note["files"]}
    for one in note["files"]:
        data = (place / one["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one["bytes"], one["sha256"])
    return note


def result_of(folder):
    """What the stub saw: the digest of the scan."""
    note = success(folder)
    return json.loads((folder / note["run_id"] / "recon.json").read_text())["input"]


def leftovers(folder):
    """Hidden names anywhere below: staging folders and locks."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(".*"))
