"""Hidden folders that are ours while we live: a lock beside each tells others so, and vanishes with the process, however it ends."""

import contextlib
import errno
import fcntl
import os
import pathlib
import re
import secrets
import shutil

from raki_cloud.exits import Exit, Stop

_ours = set()  # locks of this process: where a network's file system makes locks those of a process, we would get them again
LOCK = re.compile(r"\.(raki-[0-9a-f]{16})\.lock")


class OwnFolder:
    """`path` is a new, empty, hidden folder in `parent`. Those that killed processes left there are removed first."""

    def __init__(self, parent):
        remove_dead(parent)
        parent = pathlib.Path(parent)
        while True:
            name = f"raki-{secrets.token_hex(8)}"
            self._lock_path = parent / f".{name}.lock"
            self._lock = _locked(os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), self._lock_path)
            if self._lock is not None:
                _ours.add(self._lock_path)
                break
        self.path = parent / f".{name}"
        self.path.mkdir(mode=0o700)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
        if not self.path.exists():
            self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)
        _ours.discard(self._lock_path)


@contextlib.contextmanager
def scratch_folder(parent):
    """An OwnFolder's path while it is needed."""
    with creating("--scratch"):
        own = OwnFolder(parent)
    try:
        yield own.path
    finally:
        own.remove()


def disk_trouble(error):
    """An OSError over files of our own in a scratch folder, as a Stop."""
    return Stop(Exit.IO, f"Reading or writing failed: found '{error.strerror}', expected room and a working disk. At the unit's files. "
                         "Try again; give --scratch a larger disk if it is full.")


def _locked(lock, path):
    """The open file with its lock, or None where somebody took the file for a dead process's before it had the lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # that somebody has it and removes the file
        os.close(lock)
        return None
    except OSError:
        pass  # no locks here: then nobody removes anything
    with contextlib.suppress(OSError):
        if os.path.samestat(os.fstat(lock), os.stat(path)):
            return lock
    os.close(lock)
    return None


def remove_dead(parent):
    """The folders in `parent` whose process is gone. Those of living ones stay, on this machine or (NFS, Lustre with -o flock) another."""
    try:
        names = os.listdir(parent)
    except OSError:
        return
    for name in names:
        if found := LOCK.fullmatch(name):
            with contextlib.suppress(OSError):
                _remove_if_dead(pathlib.Path(parent), found[1])


def _remove_if_dead(parent, name):
    path = parent / f".{name}.lock"
    if path in _ours:
        return
    lock = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(parent / f".{name}", ignore_errors=True)
        if not (parent / f".{name}").exists():
            path.unlink()
    finally:
        os.close(lock)


@contextlib.contextmanager
def creating(what):
    """What cannot be created on a disk; a full one may have room later."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.ENAMETOOLONG):
            raise Stop(Exit.CANNOT_CREATE, f"Cannot write: found '{error.strerror}', expected a folder to write to. At {what}. Check path and rights.") from None
        raise Stop(Exit.IO, f"Writing failed: found '{error.strerror}', expected room and a working disk. At {what}. Try again.") from None
