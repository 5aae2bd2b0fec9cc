"""`raki-job serve`: requests in, one after the other through the engine, answers out. The main thread owns the engine: the kernel ties a
worker's life to the thread that started it."""

import dataclasses
import queue
import signal
import threading
import time

from raki_cloud import s3
from raki_cloud.exits import Exit, Stop, bug_text, overall
from raki_cloud.index import Identity
from raki_cloud.log import Log

from .folders import scratch_folder
from .http_server import listening
from .interrupt import Interrupted
from .results import results_at
from .run import Job, engine
from .tally import Tally
from .worker import WorkerUnusable

LOOK_SECONDS = 0.2


def serve(options):
    """Serves until SIGTERM, and gives the exit code. Nothing is thrown."""
    log, drain, desk, code = Log(), Drain(options.drain), Desk(), Exit.DONE
    try:
        s3.client()  # now: boto3 makes its first client in one thread only
        with scratch_folder(options.scratch) as scratch, listening(options, desk, scratch, log), engine(options, log, drain) as worker:
            worker.start()
            log.info("ready")
            _Server(options, log, drain, desk, worker, scratch).work()
    except Interrupted:
        code = Exit.TRY_AGAIN
    except Stop as stop:
        code = overall([stop.code])
        log.error("stopped", exit=stop.code, error=str(stop))
    except Exception as error:  # its text may hold anything
        code = Exit.BUG
        log.error("stopped", exit=code, error=bug_text(error))
    log.info("summary", units=desk.answered, exit=code)
    return code


class Drain:
    """After SIGTERM or SIGINT what is under way may end for a while. `check` raises when that is over."""

    def __init__(self, seconds):
        self._seconds, self._end = seconds, None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, *_):
        self._end = self._end or time.monotonic() + self._seconds

    @property
    def came(self):
        return self._end is not None

    def check(self):
        if self.came and time.monotonic() > self._end:
            raise Interrupted


class Desk:
    """Where the threads of connections leave their request, one at a time, and wait for what became of it."""

    def __init__(self):
        self.is_open, self.answered = False, 0
        self._place, self._todo = threading.Lock(), queue.SimpleQueue()

    @property
    def is_busy(self):
        return self._place.locked()

    def ask(self, manifest):
        """An Outcome; None where somebody else's request is computed."""
        if not self.is_open or not self._place.acquire(blocking=False):
            return None
        try:
            if not self.is_open:  # closed since: nobody would answer
                return None
            answer = queue.SimpleQueue()
            self._todo.put((manifest, answer))
            return answer.get()
        finally:
            self._place.release()

    def next(self, seconds):
        """(manifest, queue for its Outcome); None where nobody asks within `seconds`."""
        try:
            return self._todo.get(timeout=seconds)
        except queue.Empty:
            return None


@dataclasses.dataclass(frozen=True)
class Outcome:
    code: Exit
    units: list  # of those that were settled: id, run_id, exit, error


class _Units(Tally):
    """A tally that keeps what became of each unit."""

    def __init__(self):
        super().__init__()
        self.units = []

    def count(self, task):
        super().count(task)
        self.units.append({"id": task.unit.id, "run_id": task.run_id, "exit": int(task.exit), "error": task.told or None})


@dataclasses.dataclass
class _Server:
    options: object
    log: Log
    drain: Drain
    desk: Desk
    worker: object
    scratch: object

    def work(self):
        """Returns when SIGTERM came and nobody waits for an answer. Throws Stop where there is no engine any more."""
        self.desk.is_open = True
        while True:
            if self.drain.came:
                self.desk.is_open = False
            elif not self.worker.is_running:
                self._restart()
            if (asked := self.desk.next(LOOK_SECONDS)) is not None:
                self._answer(*asked)
            elif self.drain.came and not self.desk.is_busy:
                return

    def _restart(self):
        """One that died between two requests: nobody is told that it is ready until it is."""
        self.desk.is_open = False
        self.log.warning("worker-died", stage="idle")
        self.worker.close(0)
        self.worker.start()
        self.desk.is_open = True

    def _answer(self, manifest, answer):
        tally, end = _Units(), None
        try:
            Job(self.options, Identity(), self.log, self.drain, tally, self.worker, self.scratch,
                results_at(manifest.output, self.scratch)).run(manifest.units)
        except Stop as stop:
            tally.stopped(stop.code)
            end = stop if isinstance(stop, (Interrupted, WorkerUnusable)) else None
        except Exception as error:
            tally.stopped(Exit.BUG)
            self.log.error("stopped", exit=Exit.BUG, error=bug_text(error))
        self.desk.answered += 1
        answer.put(Outcome(tally.tell(self.log), tally.units))
        if end is not None:
            self.desk.is_open = False
            self._let_answers_go()
            raise end

    def _let_answers_go(self):
        """The answer of the request that was dropped is still to be sent."""
        end = time.monotonic() + 1
        while self.desk.is_busy and time.monotonic() < end:
            time.sleep(0.02)
