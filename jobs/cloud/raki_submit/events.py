"""What a message says: which objects of S3 are new. Both kinds of message are understood, S3's own and EventBridge's."""

import dataclasses
import json
import urllib.parse

from raki_cloud import s3
from raki_cloud.exits import Stop

MOST_KEY_BYTES = 1024  # S3's longest
TAGGING = "Object Tags Added"


class Ignored(Exception):
    """Nothing is to be done, for the reason of the text."""


class Poison(Exception):
    """Nothing can ever be done, for the reason of the text, which never holds a key."""


@dataclasses.dataclass(frozen=True)
class Notice:
    """An object that was written. `etag` is that of the event: the object may be another by now."""

    place: s3.Place
    etag: str


def read(text):
    """Notices, and in place of those that are none an Ignored or a Poison, in the order of the message."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return [Poison("no JSON")]
    if not isinstance(message, dict):
        return [Poison("no JSON object")]
    if message.get("Event") == "s3:TestEvent":
        return [Ignored("S3's test of the queue")]
    if isinstance(message.get("Records"), list) and message["Records"]:
        return [_caught(_from_s3, record) for record in message["Records"]]
    if "detail-type" in message:
        return [_caught(_from_event_bridge, message)]
    return [Poison("neither a notification of S3 nor an event of EventBridge")]


def _caught(reader, entry):
    try:
        return reader(entry)
    except (Ignored, Poison) as verdict:
        return verdict
    except (KeyError, TypeError, AttributeError, ValueError):
        return Poison("an event without what such events have")


def _from_s3(record):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html: keys are URL-encoded, a space is a +."""
    if record["eventSource"] != "aws:s3" or not record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
        raise Ignored("an event of another kind")
    entry = record["s3"]["object"]
    return _notice(record["s3"]["bucket"]["name"], urllib.parse.unquote_plus(entry["key"], errors="strict"), entry["eTag"])


def _from_event_bridge(event):
    if event["source"] != "aws.s3" or event["detail-type"] != "Object Created":
        raise Ignored("an event of another kind" if event["detail-type"] != TAGGING else "tags, which no job depends on")
    entry = event["detail"]["object"]
    return _notice(event["detail"]["bucket"]["name"], entry["key"], entry.get("etag") or entry["eTag"])  # AWS, and some who imitate it


def _notice(bucket, key, etag):
    if not isinstance(bucket, str) or not isinstance(etag, str) or not etag or not key:
        raise Poison("an event without what such events have")
    if len(key.encode()) > MOST_KEY_BYTES:
        raise Poison("a key longer than S3's")
    try:
        return Notice(s3.place_of(f"s3://{bucket}/{key}"), etag.strip('"'))
    except Stop:
        raise Poison("a bucket or key that no manifest can have: letters that cannot be printed") from None
