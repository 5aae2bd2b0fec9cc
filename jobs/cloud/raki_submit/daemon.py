"""The host on a machine of one's own: polls the queue until SIGTERM."""

import contextlib
import random
import signal
import threading
import time

from raki_cloud import s3
from raki_cloud.exits import Exit, Stop, may_pass

from .claim import ATTEMPTS
from .submit import BUSY, LATER, settle

MOST_MESSAGES = 10  # SQS gives no more at once
LONGEST_PAUSE = 60.0  # seconds without polling while AWS is in trouble
FIRST_DELAY, LONGEST_DELAY = 30.0, 900.0  # seconds until a message that failed comes again: twice as long each time
WHAT = "the queue"


class _Stopped(BaseException):
    """SIGTERM or SIGINT while nothing but waiting was interrupted."""


class Stopper:
    """What the main thread does when it is asked to stop: the message in hand is settled, waiting ends at once."""

    def __init__(self):
        self.asked, self._waiting = threading.Event(), False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, *_):
        self.asked.set()
        if self._waiting:
            self._waiting = False
            raise _Stopped

    def wait_for(self, action):
        """What `action` gives, or None. Messages that a poll cut off here was given come again after their visibility time."""
        with contextlib.suppress(_Stopped):
            try:
                self._waiting = True
                return None if self.asked.is_set() else action()
            finally:
                self._waiting = False
        return None


class Hand:
    """Messages that this process has received and not settled: they are kept invisible to others."""

    def __init__(self, url, visibility, log):
        self._url, self._visibility, self._log = url, visibility, log
        self._receipts = {}
        threading.Thread(target=self._hold, daemon=True).start()

    def receive(self, seconds):
        with s3.told(WHAT):
            answer = _sqs().receive_message(QueueUrl=self._url, MaxNumberOfMessages=MOST_MESSAGES, WaitTimeSeconds=round(seconds),
                                            VisibilityTimeout=round(self._visibility), MessageSystemAttributeNames=["ApproximateReceiveCount"])
        messages = answer.get("Messages", [])
        self._receipts = {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        return messages

    def delete(self, message):
        self._receipts.pop(message["MessageId"], None)
        with s3.told(WHAT):
            _sqs().delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def give_back(self, message, seconds):
        """It comes again after `seconds`."""
        self._receipts.pop(message["MessageId"], None)
        with s3.told(WHAT):
            _sqs().change_message_visibility(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=round(seconds))

    def _hold(self):
        while True:
            time.sleep(self._visibility / 3)
            entries = [{"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": round(self._visibility)}
                       for number, receipt in enumerate(list(self._receipts.values()))]
            try:
                with s3.told(WHAT):
                    if entries:
                        _sqs().change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
            except Stop as stop:  # the worst of it: another submitter finds a duplicate
                self._log.warning("not-held", messages=len(entries), exit=int(stop.code), error=str(stop))


def _sqs():
    return s3.client("sqs", ATTEMPTS)


def serve(options, settings, log):
    """Until it is asked to stop, or with `until_empty` until a poll brings nothing. Throws Stop where the queue cannot be used."""
    stopper, hand = Stopper(), Hand(options.queue, options.visibility, log)
    log.info("started")
    troubles = count = 0  # in a row; in all
    while not stopper.asked.is_set():
        messages, trouble = _poll(hand, stopper, options.wait, log)
        for message in messages:
            outcome = None if stopper.asked.is_set() else settle(message["Body"], _received(message), settings, log)
            with _suppressed(log):
                _put_away(hand, message, outcome)
            trouble |= outcome is not None and outcome.event == LATER and outcome.error != BUSY
            count += outcome is not None
        troubles = troubles + 1 if trouble else 0
        if trouble:
            stopper.asked.wait(min(2 ** troubles, LONGEST_PAUSE) * random.uniform(0.5, 1))
        elif options.until_empty and not messages:
            break
    log.info("summary", messages=count, exit=int(Exit.DONE))


def _poll(hand, stopper, seconds, log):
    """Messages, and whether there was trouble."""
    try:
        return stopper.wait_for(lambda: hand.receive(seconds)) or [], False
    except Stop as stop:
        if not may_pass(stop.code):
            raise
        log.warning("no-messages", exit=int(stop.code), error=str(stop))
        return [], True


def _received(message):
    return int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))


def _put_away(hand, message, outcome):
    """Without an outcome it was not looked at: another may have it at once."""
    if outcome is None:
        hand.give_back(message, 0)
    elif outcome.event != LATER:
        hand.delete(message)
    else:
        delay = min(FIRST_DELAY * 2 ** (_received(message) - 1), LONGEST_DELAY) * random.uniform(0.5, 1)
        hand.give_back(message, outcome.seconds or delay)


@contextlib.contextmanager
def _suppressed(log):
    """A message that cannot be put away comes again, and is a duplicate then."""
    try:
        yield
    except Stop as stop:
        log.warning("not-put-away", exit=int(stop.code), error=str(stop))
