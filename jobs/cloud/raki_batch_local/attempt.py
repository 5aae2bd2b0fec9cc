"""One attempt of a job: started, watched, ended as the service ends it, nothing of it left behind."""

import os
import time

from .places import CannotStart
from .retry import EXITED, HOST_LOST, NOT_STARTED, TERMINATED, TIMED_OUT, End

POLL_SECONDS = 0.02


def run(place, limits, stop):
    """Runs it to its end. `place`: where (places.py); `stop`: the event that terminates all jobs."""
    try:
        place.start()
    except CannotStart as error:
        return End(None, NOT_STARTED, str(error))
    why, arrived = HOST_LOST, True
    try:
        why = _watch(place, limits, stop)
        if why in (TIMED_OUT, TERMINATED):
            arrived = place.terminate()
            _wait(place, time.monotonic() + limits.grace)
    finally:
        exit_code = place.end()
    return End(None if why == HOST_LOST else exit_code, why, term_dropped=not arrived)


def _watch(place, limits, stop):
    """Until it ends by itself or must be ended; which of these."""
    began = time.monotonic()
    while place.runs():
        age = time.monotonic() - began
        if limits.timeout is not None and age >= limits.timeout:
            return TIMED_OUT
        if limits.lose_host is not None and age >= limits.lose_host:
            return HOST_LOST
        if stop.wait(POLL_SECONDS):
            return TERMINATED
    return EXITED


def _wait(place, until):
    while place.runs() and time.monotonic() < until:
        time.sleep(POLL_SECONDS)


def environment_of(child, attempt, options, gpus):
    """What the container sees: of ours only what an image or a role would bring, then the job's, then the service's own."""
    ours = {name: value for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG", "TMPDIR", *options.pass_on) or (name.startswith("AWS_") and not name.startswith("AWS_BATCH_"))}
    service = {"AWS_BATCH_JOB_ID": child.job_id, "AWS_BATCH_JOB_ATTEMPT": str(attempt), "AWS_BATCH_JQ_NAME": child.job.queue,
               "AWS_BATCH_CE_NAME": "local", "CUDA_VISIBLE_DEVICES": ",".join(gpus)}
    if child.index is not None:
        service |= {"AWS_BATCH_JOB_ARRAY_INDEX": str(child.index), "AWS_BATCH_JOB_ARRAY_SIZE": str(child.job.size)}
    return ours | child.job.environment | service
