"""The recipe: while one unit is computed, the next one's input is fetched and the last one's result is published."""

import contextlib
import dataclasses
import functools
import os
import pathlib
import shlex
import time

from raki_cloud.application import folders_as_manifest
from raki_cloud.exits import Exit, Stop, bug_text
from raki_cloud.index import Identity, who_am_i
from raki_cloud.log import Log, unit_name
from raki_cloud.manifest import load

from .ahead import Ahead
from .archives import Limits
from .convert import convert, converters
from .folders import OwnFolder, disk_trouble, scratch_folder
from .identity import run_id
from .inputs import Source, find_input
from .interrupt import Interrupt, Interrupted
from .options import RunOptions
from .results import files_of, is_lasting, results_at, success_note
from .scans import Scan, find_scans
from .task import Task
from .tally import Tally
from .worker import Worker, WorkerUnusable

POLL_SECONDS = 0.2
PUBLISH_SECONDS, WORKER_SECONDS = 4, 4  # what each gets after SIGTERM; it must all end within 10


def run(options, environment, interrupt):
    """Computes the units of this index, and gives the exit code. Nothing is thrown."""
    log, tally, began = Log(), Tally(), time.monotonic()
    try:
        me = who_am_i(environment, options.index)
        log = Log(job=me.job or None, attempt=me.attempt, index=me.index)
        manifest = load(options.manifest) if options.manifest else folders_as_manifest(environment)
        units = manifest.of_index(me)
        log.info("start", units=len(units), array_size=me.array_size)
        with scratch_folder(options.scratch) as scratch, engine(options, log, interrupt) as worker:
            worker.start()
            Job(options, me, log, interrupt, tally, worker, scratch, results_at(manifest.output, scratch)).run(units, options.stop_after and began + options.stop_after)
    except Stop as stop:
        tally.stopped(stop.code)
        log.error("stopped", exit=stop.code, error=str(stop))
    except Exception as error:  # its text may hold anything
        tally.stopped(Exit.BUG)
        log.error("stopped", exit=Exit.BUG, error=bug_text(error))
    return tally.tell(log)


@contextlib.contextmanager
def engine(options, log, interrupt):
    try:
        command = shlex.split(options.worker)
    except ValueError:
        raise Stop(Exit.CONFIGURATION, "Wrong command: found a quotation that does not end, expected a command. At --worker. Correct it.") from None
    for name in ("device", "threads"):
        if (value := getattr(options, name)) not in ("", None):
            command += [f"--{name}", str(value)]
    worker = Worker(command, options, log, interrupt.check)
    try:
        yield worker
    finally:
        worker.close(WORKER_SECONDS)


def what_of(option):
    """In messages."""
    return f"the file of option {option}"


class TimeUp(Stop):
    """No further unit is begun."""

    def __init__(self):
        super().__init__(Exit.TRY_AGAIN, "Time is up: found units left after --stop-after, expected none. In this index. Start it again: what is published stays.")


@dataclasses.dataclass
class Job:
    """The three stages of the units of one index."""

    options: RunOptions
    me: Identity
    log: Log
    interrupt: Interrupt
    tally: Tally
    worker: Worker
    scratch: pathlib.Path
    results: object

    def __post_init__(self):
        self.converters = converters(self.options.convert)
        self.limits = Limits(self.options.most_bytes, self.options.most_members, self.options.most_ratio)
        self.fetching = Ahead(functools.partial(self._guarded, "fetch", self._fetch))
        self.publishing = Ahead(functools.partial(self._guarded, "publish", self._publish))
        self.computed = None  # the task that the engine has
        self.published = None  # the one that is being published
        self.is_ending = False  # before all units are through

    def run(self, units, until=None):
        """After the moment `until` (of time.monotonic) no unit is begun, unless none was finished yet: each attempt gets further. Throws
        Interrupted, WorkerUnusable and TimeUp."""
        advanced = False
        tasks = (Task(unit, self.log.bound(unit=unit_name(unit.id))) for unit in units)
        try:
            self.fetching.give(next(tasks))
            for _ in units:
                if advanced and until is not None and time.monotonic() > until:
                    raise TimeUp
                task = self._wait(self.fetching)
                if (following := next(tasks, None)) is not None:
                    self.fetching.give(following)
                self._guarded("compute", self._compute, task)
                advanced |= task.exit == Exit.DONE and not task.was_done
                self._finish_publishing()
                self.computed, self.published = None, task
                self.publishing.give(task)
            self._finish_publishing()
        except (Interrupted, WorkerUnusable, TimeUp) as end:
            self._end_early(isinstance(end, Interrupted))
            raise
        finally:
            self.fetching.close()
            self.publishing.close()

    def _end_early(self, interrupted):
        """What is computed is published still, after SIGTERM if that does not take long; what is not is dropped."""
        self.is_ending = True
        if interrupted:
            self.worker.ask_to_stop()
        if self.published is not None and self.publishing.take(PUBLISH_SECONDS if interrupted else None) is not None:
            self._settle(self.published)
        self.worker.close(WORKER_SECONDS)
        if not interrupted:
            self.fetching.rest(WORKER_SECONDS)
        if self.computed is not None:
            self.computed.room.remove()

    def _finish_publishing(self):
        if self.published is not None:
            self._settle(self._wait(self.publishing))
            self.published = None

    def _wait(self, ahead):
        while (task := ahead.take(POLL_SECONDS)) is None:
            self.interrupt.check()
        return task

    def _guarded(self, stage, work, task):
        """One stage of a unit, its time and its end: a unit that fails ends alone."""
        began = time.monotonic()
        try:
            work(task)
        except (Interrupted, WorkerUnusable):
            if stage == "compute":
                raise
            task.fail(Exit.TRY_AGAIN, "")
        except Stop as stop:
            task.fail(stop.code, str(stop), str(stop))
        except OSError as error:
            stop = disk_trouble(error)
            task.fail(stop.code, str(stop), str(stop))
        except Exception as error:
            task.fail(Exit.BUG, bug_text(error), bug_text(error))
        finally:
            task.seconds[stage] = time.monotonic() - began

    def _fetch(self, task):
        """Brings the input and the files that options name here, in a form that the engine reads, unless the result is there already."""
        end = time.monotonic() + self.options.fetch_timeout
        check = functools.partial(self._check_fetch, end)
        task.run_id = run_id(task.unit, {}, self.worker.version)  # of a unit whose input cannot even be found
        with contextlib.ExitStack() as stack:
            found, named = self._find(task, stack, check)
            task.log = task.log.bound(run_id=task.run_id)
            task.was_done = self.results.is_done(task)
            if task.was_done:
                return
            task.fetched = OwnFolder(self.scratch)
            task.scans = find_scans(found.fetch(task.fetched.path / "in"), self.converters)
            files = {name: Scan(one.fetch(task.fetched.path / name), what=what_of(name)) for name, one in named.items()}
        for number, scan in enumerate([*task.scans, *(scan for name, scan in files.items() if name == "noise")]):
            convert(scan, self.converters, task.fetched.path / f"converted{number}", max(1, end - time.monotonic()), check)
        task.options = {**task.unit.options, **{name: str(scan.path) for name, scan in files.items()}}

    def _find(self, task, stack, check):
        """The input, and {option: file}; both open while `stack` is. `task` gets what was seen of them, and its run_id."""
        def find(source):
            return stack.enter_context(contextlib.closing(find_input(source, self.limits, check)))

        unit = task.unit
        found = find(Source(unit.place, unit.etag, unit.bytes))
        named = {name: find(Source(place, what=what_of(name), is_file=True)) for name, place in unit.files.items()}
        task.seen = {**found.seen, **({"options": {name: one.seen for name, one in named.items()}} if named else {})}
        task.run_id = run_id(unit, task.seen, self.worker.version)
        return found, named

    def _check_fetch(self, end):
        self.interrupt.check()
        if self.is_ending:
            raise Interrupted
        if time.monotonic() > end:
            raise Stop(Exit.IO, f"Fetching too slow: found it unfinished after {self.options.fetch_timeout:g} s, expected an end. At the unit's input. "
                                "Try again; raise --fetch-timeout if the input is that large.")

    def _compute(self, task):
        try:
            if task.exit == Exit.DONE and not task.was_done:
                self._reconstruct(task)
        finally:
            if task.fetched is not None:
                task.fetched.remove()

    def _reconstruct(self, task):
        task.room = self.results.make_room(task)
        self.computed = task
        task.made = task.room.path / "out"
        if len(task.scans) > 1:
            task.made.mkdir()
        for scan in task.scans:
            answer = self.worker.reconstruct(scan.path, task.made / scan.folder, task.options)
            if answer.exit != Exit.DONE:
                return task.fail(answer.exit, answer.error)
            task.claimed += [{**one, "path": os.path.join(scan.folder, one["path"])} for one in answer.files]

    def _publish(self, task):
        try:
            if task.exit == Exit.DONE and not task.was_done:
                self._publish_result(task)
        except Stop as stop:
            task.fail(stop.code, str(stop), str(stop))
        finally:
            if task.room is not None:
                task.room.remove()
        if is_lasting(task.exit):
            self._note_failure(task)

    def _publish_result(self, task):
        began = time.monotonic()

        def note(files):
            task.seconds["publish"] = time.monotonic() - began
            return success_note(task, self.me, self.worker.version, files)

        files = files_of(task.made, task.claimed)
        task.bytes = sum(one["bytes"] for one in files)
        task.was_done = not self.results.publish(task, files, note)

    def _note_failure(self, task):
        """The note is for people: that it cannot be written changes nothing."""
        try:
            self.results.note_failure(task)
        except Stop as stop:
            task.log.warning("no-failure-note", stage="publish", error=str(stop))

    def _settle(self, task):
        """Logs and counts a unit that is through."""
        for stage, size in (("fetch", task.seen.get("bytes")), ("compute", None), ("publish", task.bytes)):
            if not task.was_done and task.exit == Exit.DONE:
                task.log.info("stage", stage=stage, ms=round(1000 * task.seconds[stage]), bytes=size)
        if task.exit != Exit.DONE:
            task.log.error("unit-failed", exit=task.exit, error=task.told or None)
        else:
            task.log.info("unit-skipped" if task.was_done else "unit-done", ms=round(1000 * sum(task.seconds.values())))
        self.tally.count(task)
