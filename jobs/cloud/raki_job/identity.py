"""What makes a run of a unit the same run: its result is looked for, and published, under this name."""

import hashlib
import json


def run_id(unit, seen, engine):
    """`seen` is what was found of the input: {"etag"} or {"sha256"} and "bytes"; empty where there was none; "options" has the same of the
    files that options name. A file on disk counts by its content, not by its time: copies and restored backups are the same, and one that
    was replaced within a second is another."""
    text = json.dumps([unit.id, unit.input, seen, unit.options, engine], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
