"""The record file: which bytes an address has stored. A JSON object a line, added to after each request."""

import contextlib
import json
import os

from raki_cloud.exits import Exit, Stop

from .files import STORED


@contextlib.contextmanager
def opened(path):
    """The record, to read and to add to; None without a path. Throws Stop where it cannot be used: before anything is sent."""
    if not path:
        yield None
        return
    with _told(path):
        stream = open(path, "a+b")
    with stream:
        yield stream


@contextlib.contextmanager
def _told(path):
    try:
        yield
    except OSError as error:
        raise Stop(Exit.CANNOT_CREATE, f"Unusable record: found '{error.strerror}', expected a file to read and to add to. At {path}. "
                                       "Give --record another file.") from error


def mark_recorded(instances, stream, url):
    """Settles the instances whose very bytes this address has stored."""
    stream.seek(0)
    lines = stream.readlines()
    if lines and not lines[-1].endswith(b"\n"):
        stream.write(b"\n")  # a line that was cut off must not swallow the next
    known = set(map(_key, lines))
    for one in instances:
        if one.status is None and (url, one.uid, one.sha256) in known:
            one.settle(STORED, "stored before, says the record")


def _key(line):
    """None for a line that was cut off: what it told is sent again, which is harmless."""
    try:
        entry = json.loads(line)
        return entry["stow"], entry["sop_instance_uid"], entry["sha256"]
    except (ValueError, TypeError, KeyError):
        return None


def add_to_record(instances, stream, url):
    """Adds those that arrived, and returns when they are on disk."""
    with _told(stream.name):
        for one in instances:
            if one.arrived:
                stream.write(json.dumps({"stow": url, "sop_instance_uid": one.uid, "sha256": one.sha256}).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
