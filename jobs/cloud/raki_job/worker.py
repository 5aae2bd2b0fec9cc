"""The engine as one warm process: units in, results out, a new process when it dies."""

import collections
import dataclasses
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

from raki_cloud.exits import Exit, Stop, known

TETHER = os.path.join(os.path.dirname(__file__), "tether.py")
LONGEST_LINE = 64 << 20
POLL_SECONDS = 0.2
LAST_WORDS = 10  # lines of a worker that did not get ready; it has seen nobody's data then


class WorkerUnusable(Stop):
    """There is no worker and there will be none on this machine: no unit can be computed."""


class _Died(Exception):
    """The process ended; `code` as subprocess gives it."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Answer:
    exit: Exit
    files: list = dataclasses.field(default_factory=list)  # {"path", "bytes", "sha256"}
    error: str = ""  # the engine's words, for the result's place only: they may hold a name


class Worker:
    """`check` is called while we wait and may raise; the unit that is computed then is lost."""

    def __init__(self, command, options, log, check):
        self._command, self._log, self._check = command, log, check
        self._start_seconds, self._unit_seconds, self._show_log = options.start_timeout, options.unit_timeout, options.engine_log
        self._process, self._buffer, self._asked = None, b"", 0
        self.version = ""

    def start(self):
        """Throws WorkerUnusable. `version` is known afterwards. For a thread that stays: the engine ends with the thread that started it."""
        if shutil.which(self._command[0]) is None:
            raise WorkerUnusable(Exit.CONFIGURATION, "No engine: found no program of that name, expected raki. At --worker. Install it or give its path.")
        began = time.monotonic()
        self._process = subprocess.Popen([sys.executable, "-I", "-S", TETHER, str(os.getpid()), *self._command], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self._buffer, words, is_ready = b"", collections.deque(maxlen=LAST_WORDS), threading.Event()
        drain = threading.Thread(target=_drain, args=(self._process.stderr, words, is_ready, self._show_log), daemon=True)
        drain.start()
        try:
            ready = self._line(began + self._start_seconds)
            if ready.get("ready") is not True:
                raise _Died(self._kill())
        except _Died as died:
            drain.join(1)
            raise self._unusable(died.code, b" ".join(words).decode(errors="replace")) from None
        except TimeoutError:
            self._kill()
            raise WorkerUnusable(Exit.TRY_AGAIN, f"Engine not ready: found it silent for {self._start_seconds:g} s, expected it ready. On this machine. "
                                                 "Raise --start-timeout if it needs longer.") from None
        is_ready.set()
        self.version = str(ready.get("version", ""))
        self._log.info("worker-ready", version=self.version, device=str(ready.get("device", "")), ms=round(1000 * (time.monotonic() - began)))

    def _unusable(self, code, words):
        what = code_of_death(code) if code else Exit.BUG
        return WorkerUnusable(what, f"Engine not ready: found exit code {code}, expected it ready. On this machine. It said: {words}")

    def reconstruct(self, path, output, options):
        """The Answer for one scan. A worker that dies is started again, and the scan tried once more."""
        for _ in range(2):
            if self._process is None:
                self.start()
            try:
                return self._ask({"input": str(path), "output": str(output), "options": options})
            except TimeoutError:
                self._kill()
                self._log.warning("worker-killed", stage="compute", ms=round(1000 * self._unit_seconds))
                return Answer(Exit.TRY_AGAIN, error=f"No result within {self._unit_seconds:g} s")
            except _Died as died:
                self._log.warning("worker-died", stage="compute", exit=died.code)
                code = died.code
                _remove_what_it_left(output)
        return Answer(code_of_death(code), error=f"The engine died twice over this scan, with {code}")

    def _ask(self, request):
        self._asked += 1
        name = str(self._asked)  # not the unit's id, which may be a name
        line = (json.dumps({"id": name, **request}) + "\n").encode()
        try:
            while line:
                line = line[self._process.stdin.write(line):]
        except BrokenPipeError:
            raise _Died(self._kill()) from None
        answer = self._line(time.monotonic() + self._unit_seconds)
        if answer.get("id") != name or not isinstance(answer.get("exit"), int):
            raise _Died(self._kill())
        return Answer(known(answer["exit"]), answer.get("files") or [], answer.get("error") or "")

    def _line(self, end):
        """The next line as an object. Throws _Died, TimeoutError, or what `check` throws."""
        out = self._process.stdout
        while b"\n" not in self._buffer:
            self._check()
            if time.monotonic() > end:
                raise TimeoutError
            if not select.select([out], [], [], POLL_SECONDS)[0]:
                continue
            block = os.read(out.fileno(), 1 << 16)
            self._buffer += block
            if not block or len(self._buffer) > LONGEST_LINE:
                raise _Died(self._kill(grace=5 if not block else 0))
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise _Died(self._kill())
        return answer

    def _kill(self, grace=0):
        """Ends the process if it has not ended by itself, and gives its exit code."""
        process, self._process = self._process, None
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
        process.stdin.close()
        process.stdout.close()
        return code

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self):
        """SIGTERM: it drops its unit."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def close(self, seconds):
        """Ends the worker: by the end of its input, else by force."""
        if self._process is not None:
            self._process.stdin.close()
            self._kill(grace=seconds)


def _remove_what_it_left(output):
    """Its result, and what it had staged beside it."""
    for path in (output, *output.parent.glob(".*")):
        shutil.rmtree(path, ignore_errors=True)


def code_of_death(code):
    """What it means for a unit that the worker ended with `code` over it: killed, as the kernel does for memory, may pass."""
    if code < 0:
        return Exit.TRY_AGAIN if code == -signal.SIGKILL else Exit.BUG
    return known(code) if code else Exit.BUG


def _drain(stream, words, is_ready, show):
    """Keeps the pipe empty, and the last words of a worker that does not get ready. One that is ready sees data: nothing is kept."""
    with stream:
        for line in stream:
            if show:
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()
            if not is_ready.is_set():
                words.append(line.strip()[:200])
