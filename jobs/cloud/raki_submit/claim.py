"""Who submits: SubmitJob has no idempotency token, so a small object beside the results is one.

1. `<results>/submitted/<token>.json` is written with If-None-Match: of all who try, one has the claim.
2. That one calls SubmitJob and writes the job's id into the object (If-Match). Who finds an id there knows a duplicate.
3. Who finds none there leaves the message in the queue: another may be between 1 and 2. After `lease` seconds of S3's own clock the other
   is taken for dead; one may take over (If-Match again). It asks Batch for a job of the name first, because the other may have
   died behind SubmitJob: the name ends with the token.
4. Who has a claim submits within half the lease, so that nobody can have taken it over (`in_time`).

What is left: a process that stands still for the whole lease between its last look at the clock and its request, or a list of
jobs that is older than the job. Then two jobs have one name, compute the same run_ids, and each unit is published once."""

import dataclasses
import email.utils
import json
import secrets
import time

import botocore.exceptions as errors

from raki_cloud import s3

FORMAT = "raki-submitted-1"
WHAT = "the mark of a submission"
ATTEMPTS = 4  # of a request; after that the message's turn comes again


class Busy(Exception):
    """Another has the claim; it is decided in `seconds`."""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.seconds = seconds


@dataclasses.dataclass(frozen=True)
class Claim:
    place: s3.Place
    mark: dict
    etag: str
    is_new: bool  # nobody can have submitted before
    until: float  # time.monotonic()

    def in_time(self):
        return time.monotonic() < self.until

    def note(self, job):
        """For ever: duplicates are known by it. False where another has taken over meanwhile."""
        noted = _put_if(self.place, {**self.mark, "job": job}, IfMatch=self.etag)
        return bool(noted) or _read(self.place)[0].get("job") == job  # the first answer may have been lost


def taken(place, submission, lease):
    """A Claim, or the id of the job that was submitted. Throws Busy."""
    mark = {"format": FORMAT, "name": submission.name, "claim": secrets.token_hex(16), "job": None}
    until = time.monotonic() + lease / 2  # the other half for a request that is on its way
    etag, is_new = _put_if(place, mark, IfNoneMatch="*"), True
    while not etag:
        found, found_etag, age = _read(place)
        if isinstance(found.get("job"), str):
            return found["job"]
        if found.get("claim") == mark["claim"]:  # the answer to our own request was lost
            etag = found_etag
        elif age < lease:
            raise Busy(lease - age)
        else:
            etag, is_new = _put_if(place, mark, IfMatch=found_etag), False
    return Claim(place, mark, etag, is_new, until)


def _put_if(place, mark, **condition):
    """The ETag; None where the condition does not hold."""
    body = (json.dumps(mark, indent=1) + "\n").encode()
    with s3.told(WHAT):
        try:
            return s3.client("s3", ATTEMPTS).put_object(Bucket=place.bucket, Key=place.key, Body=body, **condition)["ETag"]
        except errors.ClientError as error:
            if s3.is_taken(error):
                return None
            raise


def _read(place):
    """The mark, its ETag and its age by the server's clock. A mark that is damaged is one without a job."""
    with s3.told(WHAT):
        answer = s3.client("s3", ATTEMPTS).get_object(Bucket=place.bucket, Key=place.key)
        text = answer["Body"].read()
    now = email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    try:
        mark = json.loads(text)
    except ValueError:
        mark = None
    return mark if isinstance(mark, dict) else {}, answer["ETag"], (now - answer["LastModified"]).total_seconds()
