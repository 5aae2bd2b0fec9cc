"""Archives with many studies, taken apart ahead of the engine: on a machine without GPU, each scan becomes a unit of a manifest.

Nothing is seen before it is whole: what is made of archives and options has a folder named after both, and the manifest in it comes
last. A repeat finds the manifest and does nothing; a run that follows a killed one keeps what that left."""

import contextlib
import hashlib
import json
import math
import pathlib
import posixpath
import re
import time

from raki_cloud import manifest, s3
from raki_cloud.archive_names import kind_of
from raki_cloud.exits import Exit, Stop, bug_text, overall
from raki_cloud.index import who_am_i
from raki_cloud.log import Log

from .archives import Limits
from .convert import converters
from .folders import disk_trouble, scratch_folder
from .inputs import Source, find_input
from .prepared import prepared_at
from .scans import beside, find_scans


def split(options, environment, interrupt):
    """The exit code. Nothing is thrown."""
    log, began, code, found = Log(), time.monotonic(), Exit.DONE, {}
    try:
        me = who_am_i(environment)
        log = Log(job=me.job or None, attempt=me.attempt)
        found = _split(options, log, interrupt)
    except Exception as error:
        reason, text = _told(error)
        log.error("stopped", exit=reason, error=text)
        code = overall([reason])
    log.info("summary", seconds=round(time.monotonic() - began, 3), exit=code, **found)
    return code


def _told(error):
    if isinstance(error, OSError):
        error = disk_trouble(error)
    return (error.code, str(error)) if isinstance(error, Stop) else (Exit.BUG, bug_text(error))


def _split(options, log, interrupt):
    """Fields of the summary."""
    rules = converters(options.convert)
    common = options_of(options.set)
    indices_of(manifest_of([{"id": "any", "input": "any.h5"}], options, common))  # a wrong option shows before the work
    limits = Limits(options.most_bytes, options.most_members, options.most_ratio)
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(scratch_folder(options.scratch))
        found = [stack.enter_context(contextlib.closing(_archive(address, options.etag, limits, interrupt))) for address in options.archives]
        identity = identity_of(options, common, found)
        prepared = stack.enter_context(contextlib.closing(prepared_at(options.output, identity)))
        if prepared.is_done():
            return {"run_id": identity, "skipped": 1}
        root = _unpacked(options.archives, found, scratch / "in", log)
        files = files_of(find_scans(root, rules))
        interrupt.check()
        began = time.monotonic()
        size = sum(path.stat().st_size for paths in files.values() for path in paths)
        made = manifest_of(prepared.put(files, interrupt.check), options, common)
        indices = indices_of(made)
        prepared.finish(made)
        log.info("stage", stage="publish", ms=round(1000 * (time.monotonic() - began)), bytes=size)
        return {"run_id": identity, "units": len(files), "array_size": indices, "bytes": size}


def _archive(address, etag, limits, interrupt):
    if kind_of(address) is None:
        raise Stop(Exit.USAGE, "Wrong usage: found another ending, expected that of an archive (.tar .tar.gz .tgz .tar.zst .zip). On the command line. "
                               "Name what is no archive in a manifest.")
    place = address if "://" in address else str(pathlib.Path(address).absolute())
    return find_input(Source(place, etag.strip('"') or None), limits, interrupt.check)


def identity_of(options, common, found):
    """The same archives, split in the same way, have the same folder."""
    archives = [[posixpath.basename(address), one.seen] for address, one in zip(options.archives, found)]
    text = json.dumps([archives, manifest_of([], options, common), options.convert], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _unpacked(addresses, found, folder, log):
    """The folder with all members; several archives have one each below it, so that scans of one name stay apart."""
    for number, (address, one) in enumerate(zip(addresses, found)):
        name = re.sub(r"[^A-Za-z0-9_-]", "_", posixpath.basename(address).partition(".")[0]) or "archive"
        began, target = time.monotonic(), folder / f"{number}-{name}" if len(found) > 1 else folder
        target.mkdir(parents=True)
        one.fetch(target)
        log.info("stage", stage="fetch", ms=round(1000 * (time.monotonic() - began)), bytes=one.seen["bytes"])
    return folder


def files_of(scans):
    """Unit id -> the files of its scan, that which names it first."""
    return {scan.folder or "scan": [scan.path, *map(scan.path.with_name, beside(scan.path.name))] for scan in scans}


def options_of(words):
    """NAME=VALUE ... as the options of a manifest; true, false and numbers are such, all else is text. Files are those of this machine
    unless they are in S3, wherever the manifest will be."""
    made = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in made:
            raise Stop(Exit.USAGE, "Wrong usage: found something else, expected NAME=VALUE, each name once. At --set. Correct it.")
        try:
            parsed = json.loads(value, parse_constant=str)
        except ValueError:
            parsed = value
        made[name] = parsed if isinstance(parsed, (bool, int, float)) else value
        if name in manifest.FILE_OPTIONS and value and s3.place_of(value) is None:
            made[name] = str(pathlib.Path(value).absolute()) + "/" * value.endswith("/")
    return made


def manifest_of(units, options, common):
    """With at least as many units an index as keep it within the longest array."""
    per_index = max(options.units_per_index, math.ceil(len(units) / manifest.MOST_INDICES))
    output = options.results if "://" in options.results else str(pathlib.Path(options.results).absolute())
    return {"format": manifest.FORMAT, "output": output, "options": common, "units_per_index": per_index, "units": units}


def indices_of(made):
    """Throws Stop(78) where raki-job run would not take it."""
    return manifest.parse(json.dumps(made).encode(), "s3://any/").indices
