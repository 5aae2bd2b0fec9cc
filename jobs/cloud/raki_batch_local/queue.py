"""The recipe: which child runs when, on which GPUs, and what its end means for the others."""

import collections
import concurrent.futures
import dataclasses
import pathlib
import time

from . import attempt
from .jobs import Child
from .places import Container, Process
from .retry import DEPENDENCY_FAILED, is_retried


@dataclasses.dataclass(frozen=True)
class Limits:
    """Seconds; None: without."""

    timeout: float | None
    grace: float
    lose_host: float | None


class Queue:
    """Runs jobs in the order of their submission, as far as dependencies, places and GPUs allow."""

    def __init__(self, jobs, options, report, stop):
        self.jobs, self.options, self.report, self.stop = jobs, options, report, stop
        self.gpus = options.gpu_ids
        self.runnable = collections.deque()
        self.waits_for = {}  # child -> how many of its dependencies have not succeeded yet
        self.dependents = collections.defaultdict(list)  # Child or Job -> children that wait for it
        self.unfinished = {}  # job -> how many of its children have not ended

    def run(self):
        self._submit()
        with concurrent.futures.ThreadPoolExecutor(self.options.parallel) as pool:
            try:
                self._work(pool)
            except BaseException:
                self.stop.set()  # or the pool would wait for what runs
                raise

    def _work(self, pool):
        running = {}
        while self.runnable or running:
            while not self.stop.is_set() and self._can_start(len(running)):
                child = self.runnable.popleft()
                running[pool.submit(self._attempt, child, self._take_gpus(child))] = child
            if not running:
                break
            done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                self._finish(running.pop(future), *future.result())

    def _submit(self):
        for job in self.jobs:
            self.unfinished[job] = len(job.children)
            for child in job.children:
                blockers = job.after + [other.children[child.index] for other in job.pairs]
                if job.sequential and child.index:
                    blockers.append(job.children[child.index - 1])
                self.waits_for[child] = len(blockers)
                for blocker in blockers:
                    self.dependents[blocker].append(child)
                if not blockers:
                    self.runnable.append(child)

    def _can_start(self, running):
        """Strictly in order: a child that waits for GPUs holds up those behind it, as in a queue without a share policy."""
        return self.runnable and running < self.options.parallel and self.runnable[0].job.resources.get("GPU", 0) <= len(self.gpus)

    def _take_gpus(self, child):
        count = child.job.resources.get("GPU", 0)
        taken, self.gpus = self.gpus[:count], self.gpus[count:]
        return taken

    def _attempt(self, child, gpus):
        """(how it ended, its GPUs, its seconds, its log file); in a thread of its own."""
        child.attempts += 1
        child.status = "RUNNING"
        job, options = child.job, self.options
        environment = attempt.environment_of(child, child.attempts, options, gpus)
        log = pathlib.Path(options.logs, job.name, f"{child.index or 0}.{child.attempts}.log") if options.logs else None
        image = job.properties["image"] if options.image == "-" else options.image
        place = (Container(job.command, environment, job.properties, log, image) if image else
                 Process([*options.entrypoint_words, *job.command], environment, job.properties, log))
        limits = Limits(options.timeout or job.timeout, options.grace, options.lose_host if child.attempts == 1 else None)
        began = time.monotonic()
        end = attempt.run(place, limits, self.stop)
        return end, gpus, time.monotonic() - began, log

    def _finish(self, child, end, gpus, seconds, log):
        self.gpus = sorted(self.gpus + gpus)
        again = is_retried(end, child.attempts, child.job.strategy)
        child.status = "SUCCEEDED" if end.succeeded else "RUNNABLE" if again else "FAILED"
        self.report.attempt(child, end, again, seconds, log)
        if again:
            self.runnable.append(child)
        else:
            self._settle(child)

    def _settle(self, child):
        """Tells those that wait for this child, and for its job where it was the last. A stack: chains may be 10,000 long."""
        ended = [child]
        while ended:
            one = ended.pop()
            for waiting in self.dependents[one]:
                self.waits_for[waiting] -= 1
                if one.status == "FAILED" and waiting.status == "PENDING":
                    waiting.status = "FAILED"
                    self.report.not_run(waiting, DEPENDENCY_FAILED)
                    ended.append(waiting)
                elif not self.waits_for[waiting] and waiting.status == "PENDING":
                    waiting.status = "RUNNABLE"
                    self.runnable.append(waiting)
            if isinstance(one, Child):
                self.unfinished[one.job] -= 1
                if not self.unfinished[one.job]:
                    ended.append(one.job)
