"""Calls of AWS HealthImaging, and what its errors mean. Throttling, 5xx and broken connections are boto3's to repeat."""

import random
import time

import botocore.exceptions as errors
import urllib3.exceptions

from raki_cloud import s3
from raki_cloud.exits import Exit, Stop

# Beyond what raki_cloud/s3.py knows. Conflict: a set whose import is still being written. Quota: too many import jobs at once.
CODES = {"ConflictException": Exit.TRY_AGAIN, "ServiceQuotaExceededException": Exit.TRY_AGAIN, "ThrottlingException": Exit.TRY_AGAIN,
         "ValidationException": Exit.CONFIGURATION}
BROKEN = (errors.BotoCoreError, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)  # what a body ends with that breaks off
ATTEMPTS = 5  # of such a body; what goes wrong before it is repeated by boto3
WORTH_WAITING = {"ConflictException", "ServiceQuotaExceededException"}
LONGEST_PAUSE = 30.0


def call(operation, what, patience=60.0, pause=1.0, **parameters):
    """The answer of an operation in boto3's name for it. What stands in the way for a while is waited for, up to `patience` seconds."""
    client, waits = s3.client("medical-imaging"), Pauses(pause, patience)
    while True:
        try:
            return getattr(client, operation)(**parameters)
        except (errors.BotoCoreError, errors.ClientError) as error:
            said = error.response.get("Error", {}).get("Code", "") if isinstance(error, errors.ClientError) else ""
            if said in WORTH_WAITING and waits.wait():
                continue
            stop = s3.stop_of(error, what)
            raise Stop(CODES.get(said, stop.code), str(stop).replace("Our bug: report it.", "Check IDs, role and addresses.")) from None


def attempts():
    """Numbers from 0, with a pause before each but the first."""
    for number in range(ATTEMPTS):
        if number:
            time.sleep(0.2 * 2 ** number)
        yield number


class Pauses:
    """Ever longer pauses, shortened by chance, for at most `most` seconds together."""

    def __init__(self, first, most):
        self._pause, self._end = first, time.monotonic() + most

    def wait(self):
        """False, without a pause, where none is left."""
        pause = min(self._pause, LONGEST_PAUSE) * random.uniform(0.5, 1)
        if time.monotonic() + pause > self._end:
            return False
        time.sleep(pause)
        self._pause = min(1.5 * self._pause, LONGEST_PAUSE)
        return True
