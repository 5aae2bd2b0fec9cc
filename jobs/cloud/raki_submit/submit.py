"""The recipe: one message from its text to what became of it. Hosts only fetch messages and take away those that are settled."""

import dataclasses
import random
import time

from raki_cloud import manifest, s3
from raki_cloud.exits import Exit, Stop, bug_text, may_pass

from . import claim
from .plan import Ignored, Object, Poison, Targets, plan

LATER, POISON, SUBMITTED, DUPLICATE, IGNORED = "later", "poison", "submitted", "duplicate", "ignored"
MOST_IMPORTANT_FIRST = (LATER, POISON, SUBMITTED, DUPLICATE, IGNORED)
PAUSES = (1, 2, 4, 8, 0)  # seconds behind each SubmitJob call that failed, shortened by chance
BUSY = "another submitter has it"


@dataclasses.dataclass(frozen=True)
class Settings:
    targets: Targets
    dead_letters: str  # address of a queue
    lease: float = 120.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a message; `later`: it stays in the queue, at least for `seconds`."""

    event: str
    error: str = ""  # or the reason for doing nothing
    job: str = ""
    array_size: int | None = None
    seconds: float = 0
    exit: Exit = Exit.DONE


def settle(body, received, settings, log):
    """What became of a message that was received `received` times, with its line in the log. Throws nothing: one message must not stop
    those behind it. Poison is in the dead-letter queue afterwards."""
    began = time.monotonic()
    try:
        outcome = handle(body, settings)
        if outcome.event == POISON:
            _bury(body, outcome, settings)
    except Stop as stop:
        outcome = Outcome(LATER, str(stop), exit=stop.code)
    except Exception as error:
        outcome = Outcome(LATER, bug_text(error), exit=Exit.BUG)
    tell = log.info if outcome.exit == Exit.DONE else log.warning
    tell(outcome.event, job=outcome.job or None, array_size=outcome.array_size, attempt=received, exit=int(outcome.exit), error=outcome.error or None,
         ms=round(1000 * (time.monotonic() - began)))
    return outcome


def handle(body, settings):
    """The most important of what became of the events in a message: nearly always it is one. Throws Stop: later."""
    outcomes = [_outcome(entry, settings) for entry in plan(body, _object_at, settings.targets)]
    return min(outcomes, key=lambda one: MOST_IMPORTANT_FIRST.index(one.event))


def _outcome(entry, settings):
    if isinstance(entry, Ignored):
        return Outcome(IGNORED, str(entry))
    if isinstance(entry, Poison):
        return Outcome(POISON, str(entry), exit=Exit.CONFIGURATION)
    mark = s3.place_of(f"{settings.targets.results}/submitted/{entry.token}.json")
    try:
        held = claim.taken(mark, entry, settings.lease)
    except claim.Busy as busy:
        return Outcome(LATER, BUSY, entry.name, entry.array_size, busy.seconds + 1, Exit.TRY_AGAIN)
    if isinstance(held, str):
        return Outcome(DUPLICATE, job=entry.name, array_size=entry.array_size)
    is_first = held.note(_submitted(entry, held))
    return Outcome(SUBMITTED, "" if is_first else "another submitter was as fast: two jobs may have this name", entry.name, entry.array_size)


def _object_at(place):
    """One GET; None where nothing is there. What was cut off must not be taken for a broken manifest."""
    what = "the manifest"
    try:
        with s3.told(what):
            answer = s3.client("s3", claim.ATTEMPTS).get_object(Bucket=place.bucket, Key=place.key)
            text = answer["Body"].read(manifest.MOST_BYTES + 1)
    except Stop as stop:
        if stop.code == Exit.NO_INPUT:
            return None
        raise
    if len(text) < min(answer["ContentLength"], manifest.MOST_BYTES):
        raise Stop(Exit.IO, f"Download broke off: found {len(text)} bytes, expected {answer['ContentLength']}. At {what}. It is tried again.")
    return Object(text, answer["ETag"].strip('"'))


def _submitted(submission, held):
    """The id of the one job. Whenever an earlier call may have been heard, Batch is asked for the job before another call: botocore must
    not repeat SubmitJob by itself."""
    is_sure = held.is_new
    trouble = Stop(Exit.TRY_AGAIN, "Not submitted: found the time of the claim over, expected an answer within it. At SubmitJob. It is tried again.")
    for pause in PAUSES:
        job = None if is_sure else _job_named(submission)
        if job:
            return job
        if not held.in_time():
            break
        try:
            with s3.told("SubmitJob"):
                return s3.client("batch", 1).submit_job(**submission.request)["jobId"]
        except Stop as stop:
            if not may_pass(stop.code):
                raise
            trouble, is_sure = stop, False
            time.sleep(pause * random.uniform(0.5, 1))
    raise trouble


def _job_named(submission):
    """The newest parent of that name in any state; Batch knows jobs for at least a week after their end."""
    with s3.told("ListJobs"):
        pages = s3.client("batch", claim.ATTEMPTS).get_paginator("list_jobs").paginate(
            jobQueue=submission.request["jobQueue"], filters=[{"name": "JOB_NAME", "values": [submission.name]}])
        return next((job["jobId"].partition(":")[0] for page in pages for job in page["jobSummaryList"]), None)


def _bury(body, outcome, settings):
    """Somebody must look at it. The reason goes along; the text is as it was, to be sent again once the cause is mended."""
    with s3.told("the dead-letter queue"):
        s3.client("sqs", claim.ATTEMPTS).send_message(QueueUrl=settings.dead_letters, MessageBody=body, MessageAttributes={
            "reason": {"DataType": "String", "StringValue": outcome.error}})
