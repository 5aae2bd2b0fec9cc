"""raki worker: one warm process, a JSON line a unit in, a JSON line a result out."""

import hashlib
import json
import os
import queue
import signal
import subprocess
import threading
import time

import pytest

SHORT = 120  # seconds in which a line must come


class Worker:
    """A running `raki worker`; lines go in by `send`, come out by `answer`."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, "--log", "json", "worker", *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.log = queue.Queue(), []
        threading.Thread(target=lambda: [self.lines.put(line) for line in self.process.stdout], daemon=True).start()
        self.reading = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reading.start()
        self.ready = self.answer()

    def answer(self):
        return json.loads(self.lines.get(timeout=SHORT))

    def send(self, line):
        self.process.stdin.write(line if isinstance(line, str) else json.dumps(line) + "\n")
        self.process.stdin.flush()

    def compute(self, line):
        self.send(line)
        return self.answer()

    def close(self):
        """Its exit code after the end of stdin."""
        self.process.stdin.close()
        code = self.process.wait(SHORT)
        self.reading.join()
        return code


@pytest.fixture
def worker(raki):
    started = Worker(raki.path, "--device", "cpu")
    yield started
    started.process.kill()
    started.process.wait()


def unit(scan, folder, /, id="one", **options):
    return {"id": id, "input": str(scan), "output": str(folder), "options": {"method": "linear", "output": "npy", **options}}


def test_a_result_is_that_of_recon(raki, worker, phantom, tmp_path):
    assert worker.ready == {"ready": True, "version": raki("--version").stdout.strip().replace("\n", ";"), "device": "cpu"}
    answer = worker.compute(unit(phantom / "scan.h5", tmp_path / "warm", output="dicom,npy"))
    assert list(answer) == ["id", "exit", "files", "seconds", "error"]
    assert answer["id"] == "one" and answer["exit"] == 0 and answer["error"] is None and answer["seconds"] > 0
    assert worker.close() == 0
    raki("recon", phantom / "scan.h5", "-o", tmp_path / "cold", "--method", "linear", "--output", "dicom,npy")
    names = sorted(p.relative_to(tmp_path / "cold").as_posix() for p in (tmp_path / "cold").rglob("*") if p.is_file())
    assert sorted(f["path"] for f in answer["files"]) == names and answer["files"][-1]["path"] == "recon.json"
    for file in answer["files"]:
        content = (tmp_path / "warm" / file["path"]).read_bytes()
        assert file["bytes"] == len(content) and file["sha256"] == hashlib.sha256(content).hexdigest()
        if file["path"] != "recon.json":
            assert content == (tmp_path / "cold" / file["path"]).read_bytes(), file["path"]


def test_every_kind_of_option(raki, worker, phantom, tmp_path):
    """A flag, a --no-... flag, text, a number, a list, and null for the default."""
    options = {"noise-map": True, "prewhiten": False, "slices": "0:1", "coils": 4, "output": ["npy", "png"], "frames": None}
    answer = worker.compute(unit(phantom / "scan.h5", tmp_path / "warm", **options))
    assert answer["exit"] == 0, answer["error"]
    raki("recon", phantom / "scan.h5", "-o", tmp_path / "cold", "--device", "cpu", "--method", "linear", "--noise-map", "--no-prewhiten",
         "--slices", "0:1", "--coils", 4, "--output", "npy,png")
    assert {f["path"] for f in answer["files"]} == {p.name for p in (tmp_path / "cold").iterdir()} >= {"image.npy", "noise.npy", "preview.png"}
    for name in ("image.npy", "noise.npy", "preview.png"):
        assert (tmp_path / "warm" / name).read_bytes() == (tmp_path / "cold" / name).read_bytes(), name


BAD_LINES = [
    ("no json\n", 64, "no JSON"),
    ("[1, 2]\n", 64, "a JSON object"),
    ('{"id": "x"}\n', 64, "'input'"),
    ('{"id": 7, "input": "a", "output": "b"}\n', 64, "'id'"),
    ('{"id": "x", "input": "a", "output": "b", "optons": {}}\n', 64, "optons"),
    ('{"id": "x", "input": "a", "output": "b", "options": {"metod": "raki"}}\n', 64, "Did you mean 'method'"),
    ('{"id": "x", "input": "a", "output": "b", "options": {"method": "rakl"}}\n', 64, "rakl"),
    ('{"id": "x", "input": "a", "output": "b", "options": {"method": true}}\n', 64, "takes a value"),
    ('{"id": "x", "input": "a", "output": "b", "options": {"noise-map": "yes"}}\n', 64, "true or false"),
    ('{"id": "x", "input": "a", "output": "b", "options": {"coils": {}}}\n', 64, "coils"),
    ('{"id": "x", "input": "/nowhere/a.h5", "output": "b"}\n', 66, "does not exist"),
]


def test_bad_units_end_nothing(worker, phantom, tmp_path):
    for line, code, said in BAD_LINES:
        answer = worker.compute(line)
        assert answer["exit"] == code and said in answer["error"] and answer["files"] == [], line
        assert answer["id"] == ("x" if '"id": "x"' in line else None)
    after = worker.compute(unit(phantom / "scan.h5", tmp_path / "good"))
    assert after["exit"] == 0, after["error"]
    assert worker.close() == 0


def test_bad_data_leaves_no_folder(worker, tmp_path):
    (tmp_path / "noise.h5").write_bytes(os.urandom(5000))
    answer = worker.compute(unit(tmp_path / "noise.h5", tmp_path / "out"))
    assert answer["exit"] == 65 and list(tmp_path.iterdir()) == [tmp_path / "noise.h5"]


def test_an_existing_result_is_not_replaced_unless_told(worker, phantom, tmp_path):
    scan = phantom / "scan.h5"
    assert worker.compute(unit(scan, tmp_path / "out"))["exit"] == 0
    assert worker.compute(unit(scan, tmp_path / "out"))["exit"] == 73
    assert worker.compute(unit(scan, tmp_path / "out", overwrite=True))["exit"] == 0


def test_units_do_not_tell_on_each_other(worker, phantom, tmp_path):
    """Options and times of one unit are not those of the next."""
    first = worker.compute(unit(phantom / "scan.h5", tmp_path / "a", **{"noise-map": True}))
    second = worker.compute(unit(phantom / "scan.h5", tmp_path / "b"))
    assert "noise.npy" in [f["path"] for f in first["files"]] and "noise.npy" not in [f["path"] for f in second["files"]]
    calls = [json.loads((tmp_path / name / "recon.json").read_text())["timings"]["read"]["calls"] for name in "ab"]
    assert calls[0] == calls[1]


def test_terminated_while_idle(worker):
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(5) == 75


def test_terminated_at_work_drops_the_unit(raki, worker, tmp_path):
    raki("phantom", "-o", tmp_path / "large.h5", "--matrix-x", 256, "--matrix-y", 256, "--slices", 12, "--coils", 8)
    worker.send(unit(tmp_path / "large.h5", tmp_path / "out", id="two"))
    deadline = time.monotonic() + SHORT
    while not any(p.name.startswith(".out") for p in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(5) == 75
    answer = worker.answer()
    assert answer["id"] == "two" and answer["exit"] == 75
    assert list(tmp_path.iterdir()) == [tmp_path / "large.h5"]


def test_terminated_where_nothing_looks_for_signals(worker, tmp_path):
    """A pipe that nobody writes to: opening it cannot be broken off, so the process ends in its middle."""
    os.mkfifo(tmp_path / "pipe")
    worker.send(unit(tmp_path / "pipe", tmp_path / "out", id="stuck"))
    time.sleep(0.5)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(6) == 75
    answer = worker.answer()
    assert answer["id"] == "stuck" and answer["exit"] == 75 and "again" in answer["error"]


def test_a_line_without_end_is_refused(worker):
    with pytest.raises(BrokenPipeError):
        for _ in range(64):
            worker.send("x" * (1 << 16))
    assert worker.process.wait(SHORT) == 64


def test_log_and_results_do_not_mix(worker, phantom, tmp_path):
    worker.compute(unit(phantom / "scan.h5", tmp_path / "out"))
    assert worker.close() == 0
    assert worker.lines.empty() and all(json.loads(line)["event"] for line in worker.log)


@pytest.mark.skipif(os.path.exists("/dev/nvidia0"), reason="there is a GPU")
def test_no_gpu_is_said_at_the_start(raki):
    done = subprocess.run([raki.path, "worker", "--device", "cuda"], input="", capture_output=True, text=True, timeout=SHORT)
    assert done.returncode == 69 and done.stdout == "" and "GPU" in done.stderr
