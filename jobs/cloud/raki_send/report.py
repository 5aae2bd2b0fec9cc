"""What a user sees: a JSON object a file, or a summary."""

import json
import sys

from .files import FAILED, REFUSED, STORED, WARNING, counts

MOST_LINES = 20


def say(text):
    print(f"raki-send: {text}", file=sys.stderr, flush=True)


def json_line(one):
    return json.dumps({"path": str(one.path), "sop_instance_uid": one.uid, "status": one.status, "reason": one.reason,
                       "attempts": one.attempts, "seconds": round(one.seconds, 3)})


def print_settled(instances, already):
    """Prints those behind the first `already` as far as all of them are settled, and returns how many are printed then: the
    order is that of the files, whatever the order of their fates."""
    while already < len(instances) and instances[already].status is not None:
        print(json_line(instances[already]), flush=True)
        already += 1
    return already


def print_summary(instances, left_out, url):
    troubled = [one for one in instances if one.status != STORED]
    for one in troubled[:MOST_LINES]:
        say(f"{one.status}: {one.path}: {one.reason}")
    if len(troubled) > MOST_LINES:
        say(f"... and {len(troubled) - MOST_LINES} more; --json lists all")
    n = counts(instances)
    others = f"; {left_out} other files left out" if left_out else ""
    print(f"{n[STORED]} stored, {n[WARNING]} with warnings, {n[REFUSED]} refused, {n[FAILED]} failed{others}: {url}")
