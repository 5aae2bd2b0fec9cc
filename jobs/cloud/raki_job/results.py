"""Where results go and how they become visible: all of a unit's at once, by `_SUCCESS.json`, and of two attempts one's."""

import concurrent.futures
import contextlib
import errno
import hashlib
import json
import os
import pathlib

from raki_cloud import s3
from raki_cloud.exits import Exit, Stop

from .folders import OwnFolder, remove_dead

SUCCESS, FAILURE = "_SUCCESS.json", "_FAILURE.json"
UPLOADS_AT_ONCE = 8
RENAMES = 20  # each of them meets another's failure note at most once
WHAT = "the unit's result"


def results_at(output, scratch):
    """`scratch` holds results on their way to S3."""
    place = s3.place_of(output)
    return _InS3(place, scratch) if place else _OnDisk(output)


def success_note(task, me, engine, files):
    return {"format": "raki-success-1", "unit": task.unit.id, "run_id": task.run_id, "engine": engine, "options": task.unit.options,
            "input": task.seen, "files": files, "seconds": {name: round(value, 3) for name, value in task.seconds.items()},
            "attempt": me.attempt, "index": me.index}


def failure_note(task):
    return {"format": "raki-failure-1", "unit": task.unit.id, "run_id": task.run_id, "exit": int(task.exit), "error": task.error}


def is_lasting(code):
    """Whether a unit that ended with `code` ends so everywhere: without a GPU (69) another machine may help, and where nothing can be
    written (73) no note can."""
    return code not in (Exit.DONE, Exit.IO, Exit.TRY_AGAIN, Exit.UNAVAILABLE, Exit.CANNOT_CREATE)


def files_of(folder, claimed):
    """{"path", "bytes", "sha256"} of every file below, sorted, read back and brought to disk. Throws Stop where one is not what the engine
    says it wrote."""
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Stop(Exit.BUG, f"Wrong result: found a link or a device, expected files. At {WHAT}. Report it.")
        if path.is_file():
            with open(path, "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                os.fsync(stream.fileno())
            files.append({"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": digest})
    if not files:
        raise Stop(Exit.BUG, f"No result: found no file though the engine says it is done, expected some. At {WHAT}. Report it.")
    found = {one["path"]: (one["bytes"], one["sha256"]) for one in files}
    if any(found.get(one["path"]) != (one["bytes"], one["sha256"]) for one in claimed):
        raise Stop(Exit.IO, f"Result changed: found another file than the engine wrote, expected its SHA-256. At {WHAT}. Try again; check the disk.")
    return files


class _InS3:
    def __init__(self, place, scratch):
        self._place, self._scratch = place, scratch
        self._uploads = concurrent.futures.ThreadPoolExecutor(UPLOADS_AT_ONCE)

    def _at(self, task, name):
        return s3.Place(self._place.bucket, "/".join(filter(None, [self._place.key, task.unit.id, task.run_id, name])))

    def is_done(self, task):
        return s3.exists(self._at(task, SUCCESS), WHAT)

    def make_room(self, task):
        return OwnFolder(self._scratch)

    def publish(self, task, files, note):
        """False where another attempt was first. `note(files)` makes the note once the files' versions are known: in a bucket with
        versions they name these very bytes, even if another attempt writes its own after ours."""
        versions = list(self._uploads.map(lambda one: s3.put_file(self._at(task, one["path"]), task.made / one["path"], one["sha256"], WHAT), files))
        listed = [{**one, "version": version} if version else one for one, version in zip(files, versions)]
        return s3.put_json_once(self._at(task, SUCCESS), note(listed), WHAT)

    def note_failure(self, task):
        s3.put_json(self._at(task, FAILURE), failure_note(task), WHAT)


class _OnDisk:
    def __init__(self, output):
        self._output = pathlib.Path(output)

    def _at(self, task):
        return self._output / task.unit.id / task.run_id

    def is_done(self, task):
        """What killed attempts left beside a result is removed with it, though nothing else is left to do."""
        if (self._at(task) / SUCCESS).is_file():
            remove_dead(self._output / task.unit.id)
            return True
        return False

    def make_room(self, task):
        """Beside the result, so that it becomes visible by one rename."""
        with _told():
            (self._output / task.unit.id).mkdir(parents=True, exist_ok=True)
            return OwnFolder(self._output / task.unit.id)

    def publish(self, task, files, note):
        """False where another attempt was first."""
        with _told():
            _write(task.made / SUCCESS, note(files))
            for folder in {task.made, *(path for path in task.made.rglob("*") if path.is_dir())}:
                _sync(folder)
            moved = self._rename(task.made, self._at(task))
            _sync(self._output / task.unit.id)
            return moved

    def _rename(self, made, target):
        """A folder can be renamed over an empty one. Where a failure stands, it is taken along: a success may stand beside it."""
        for _ in range(RENAMES):
            try:
                os.rename(made, target)
                return True
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            if (target / SUCCESS).is_file():
                return False
            with contextlib.suppress(FileNotFoundError):
                os.replace(target / FAILURE, made / FAILURE)
        raise Stop(Exit.CANNOT_CREATE, f"Folder in the way: found other files, expected none. At {WHAT}. Remove its folder.")

    def note_failure(self, task):
        with _told():
            (self._output / task.unit.id).mkdir(parents=True, exist_ok=True)
            own = OwnFolder(self._output / task.unit.id)
            try:
                _write(own.path / FAILURE, failure_note(task))
                self._at(task).mkdir(exist_ok=True)
                os.replace(own.path / FAILURE, self._at(task) / FAILURE)
            finally:
                own.remove()


@contextlib.contextmanager
def _told():
    """What cannot be created on a disk; a full one may have room later."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.ENAMETOOLONG):
            raise Stop(Exit.CANNOT_CREATE, f"Cannot write: found '{error.strerror}', expected a folder to write to. At {WHAT}. Check path and rights.") from None
        raise Stop(Exit.IO, f"Writing failed: found '{error.strerror}', expected room and a working disk. At {WHAT}. Try again.") from None


def _write(path, value):
    with open(path, "x") as stream:
        json.dump(value, stream, indent=1)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder):
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
