#!/usr/bin/env python3
"""Speaks the protocol of `raki worker` and does what a unit's options say, so that tests of jobs need no engine.

Options of a unit: stub-exit N (refuses with that code), stub-error TEXT, stub-signal N (dies by it), stub-leave N (ends with that code),
stub-hang, stub-garbage (a line that is no answer), stub-lie (wrong digest), stub-empty (no files), stub-seconds X, stub-bytes N, stub-unique (another result each
time), stub-once NAME (the trouble comes once: a file of that name in STUB_STATE remembers it).
Arguments: --not-ready CODE, --silent (never ready), --deaf (ignores SIGTERM), --tell FILE (a line for each unit: its process id and option)."""

import argparse
import hashlib
import json
import os
import pathlib
import signal
import sys
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--not-ready", type=int)
arguments.add_argument("--silent", action="store_true")
arguments.add_argument("--deaf", action="store_true")
arguments.add_argument("--tell")
arguments.add_argument("--version-line", default="stub 1")
given, others = arguments.parse_known_args()
current = None


def say(**line):
    print(json.dumps(line), flush=True)


def stop(*_):
    if current is not None:
        say(id=current, exit=75, files=[], seconds=0, error="interrupted")
    os._exit(75)


def is_due(options):
    """Whether the trouble of these options comes now."""
    if "stub-once" not in options:
        return True
    try:
        (pathlib.Path(os.environ["STUB_STATE"]) / options["stub-once"]).touch(exist_ok=False)
        return True
    except FileExistsError:
        return False


def trouble(name, options):
    """Does what the options ask for; True where the unit is answered by that."""
    if "stub-signal" in options:
        os.kill(os.getpid(), options["stub-signal"])
    if "stub-leave" in options:
        os._exit(options["stub-leave"])
    if "stub-hang" in options:
        time.sleep(3600)
    if "stub-garbage" in options:
        print("no JSON", flush=True)
    if "stub-exit" in options:
        say(id=name, exit=options["stub-exit"], files=[], seconds=0, error=options.get("stub-error", "asked for"))
    return "stub-garbage" in options or "stub-exit" in options


def contents(path, options):
    """The files of a result: what the input was, the options, and as many bytes as asked for."""
    digest = hashlib.sha256(path.read_bytes())
    for other in sorted(path.parent.glob(path.stem + ".hdr")):
        digest.update(other.read_bytes())
    unique = str(time.time_ns()) if "stub-unique" in options else ""
    yield "series001/image0001.dcm", digest.hexdigest().encode() + b"x" * options.get("stub-bytes", 0)
    yield "recon.json", json.dumps({"input": digest.hexdigest(), "options": options, "unique": unique}).encode()


def reconstruct(name, path, output, options):
    time.sleep(options.get("stub-seconds", 0))
    if any(key in options for key in ("stub-exit", "stub-signal", "stub-leave", "stub-hang", "stub-garbage")) and is_due(options):
        (output.parent / f".{output.name}.half").mkdir()
        if trouble(name, options):
            return
    if not path.is_file():
        return say(id=name, exit=66, files=[], seconds=0, error=f"no such file: {path}")
    files = []
    for relative, data in contents(path, options) if "stub-empty" not in options else []:
        target = output / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        files.append({"path": relative, "bytes": len(data), "sha256": "0" * 64 if "stub-lie" in options else hashlib.sha256(data).hexdigest()})
    output.mkdir(exist_ok=True)
    say(id=name, exit=0, files=files, seconds=0.01, error=None)


signal.signal(signal.SIGTERM, signal.SIG_IGN if given.deaf else stop)
if given.not_ready is not None:
    print("driver too old", file=sys.stderr, flush=True)
    sys.exit(given.not_ready)
if given.silent:
    time.sleep(3600)
say(ready=True, version=given.version_line, device="cpu")
for line in sys.stdin:
    unit = json.loads(line)
    current = unit["id"]
    print(json.dumps({"level": "info", "event": "reading", "message": unit["input"]}), file=sys.stderr, flush=True)
    if given.tell:
        with open(given.tell, "a") as stream:
            stream.write(json.dumps({"pid": os.getpid(), "threads": others, **unit}) + "\n")
    reconstruct(unit["id"], pathlib.Path(unit["input"]), pathlib.Path(unit["output"]), unit["options"])
    current = None
