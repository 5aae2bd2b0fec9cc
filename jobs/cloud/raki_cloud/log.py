"""Log lines: one JSON object a line on standard output. Nothing of a patient, no file name, no key and no credential can stand
in one: only the fields of KEYS are taken, and texts are those of our own Stops."""

import datetime
import hashlib
import json
import os
import sys
import threading

# Every field a line can have. A new one belongs here only if it can never hold a name, a key or a path.
KEYS = frozenset("ts level event run_id unit attempt index stage ms bytes exit error version device "
                 "units done skipped failed retry seconds job array_size messages".split())
LONGEST_TEXT = 500  # characters
_writing = threading.Lock()


def unit_name(unit_id):
    """What stands in a log for a unit: its id may hold a name."""
    return hashlib.sha256(unit_id.encode()).hexdigest()[:16]


class Log:
    """Lines that all carry `fields`; `bound` adds some. Threads may share one."""

    def __init__(self, **fields):
        self._fields = _checked(fields)

    def bound(self, **fields):
        return Log(**{**self._fields, **fields})

    def info(self, event, **fields):
        self._write("info", event, fields)

    def warning(self, event, **fields):
        self._write("warning", event, fields)

    def error(self, event, **fields):
        self._write("error", event, fields)

    def _write(self, level, event, fields):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        line = {"ts": now, "level": level, "event": event, **self._fields, **_checked(fields)}
        text = json.dumps({key: _short(value) for key, value in line.items() if value is not None})
        with _writing:
            try:
                print(text, flush=True)
            except BrokenPipeError:  # nobody reads any more, which is no reason to stop the work
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _checked(fields):
    if unknown := fields.keys() - KEYS:
        raise ValueError(f"no field of a log line: {sorted(unknown)}")
    return fields


def _short(value):
    return value[:LONGEST_TEXT] if isinstance(value, str) else value
