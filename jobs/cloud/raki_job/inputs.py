"""Where a unit's input is and what it is: found and identified first, fetched only if its result is not there yet."""

import dataclasses
import hashlib
import io
import json
import os
import pathlib
import posixpath

from raki_cloud import s3
from raki_cloud.archive_names import kind_of
from raki_cloud.exits import Exit, Stop, from_os_error
from raki_cloud.s3_reader import S3Reader

from . import archives, scans

BLOCK_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    place: str  # s3://... or an absolute path; "/" at the end marks a folder
    etag: str | None = None  # that of the one object it must be
    bytes: int | None = None  # that it must have
    what: str = "the unit's input"  # in messages
    is_file: bool = False  # it must be one, as it is


def find_input(source, limits, check):
    """An input with `seen` (identity.py), `fetch(folder)`, which gives the file or folder with the scans, and `close()`. `check` is
    called between blocks and may raise. Throws Stop."""
    place = s3.place_of(source.place)
    if source.is_file and (os.path.isdir(source.place) if place is None else not place.key):
        raise Stop(Exit.DATA, f"No file: found a folder, expected one file. At {source.what}. Name a file in it.")
    found = _InS3(source, place, limits, check) if place else _OnDisk(source, limits, check)
    if source.bytes is not None and found.seen["bytes"] != source.bytes:
        found.close()
        raise Stop(Exit.DATA, f"Input changed: found {found.seen['bytes']} bytes, expected {source.bytes} as in the manifest. At {source.what}. "
                              "Write the manifest anew.")
    return found


def _check_size(size, limits, what):
    if size > limits.bytes:
        raise Stop(Exit.DATA, f"Input too large: found {size} bytes, expected at most {limits.bytes}. At {what}. Raise --most-bytes if there is room for it.")


def _check_count(count, limits, what):
    if count > limits.members:
        raise Stop(Exit.DATA, f"Input too large: found more than {limits.members} files, expected no more. At {what}. Raise --most-members.")


class _InS3:
    """One object, the objects of one scan, or all objects of a prefix."""

    def __init__(self, source, place, limits, check):
        self._limits, self._check, self._what = limits, check, source.what
        self._kind = kind_of(place.key)
        self._readers = {}  # relative name -> S3Reader: its GET is under way
        if place.key.endswith("/") or not place.key:
            self._files = self._listed(place)
        else:
            name = posixpath.basename(place.key)
            self._files = {name: (place, source.etag, source.bytes)}
            for other in scans.beside(name):
                self._files[other] = (s3.Place(place.bucket, place.key[:-len(name)] + other), None, None)
        try:
            self.seen = self._identify()
        except Stop:
            self.close()
            raise

    def _listed(self, place):
        files = {}
        for key, size, etag in s3.below(place, self._what):
            if not key.endswith("/"):
                files[key[len(place.key):]] = (s3.Place(place.bucket, key), etag, size)
            _check_count(len(files), self._limits, self._what)
        if not files:
            raise Stop(Exit.NO_INPUT, f"Input missing: found no object, expected some. At {self._what}. Check the prefix.")
        return files

    def _identify(self):
        """Opens what the manifest or the list does not tell: the first GET of an object tells its ETag and size."""
        known = []
        for name, (_, etag, size) in self._files.items():
            if etag is None or size is None:
                reader = self._open(name)
                etag, size = reader.etag, reader.bytes
            known.append([name, etag, size])
        total = sum(size for _, _, size in known)
        _check_size(total, self._limits, self._what)
        if len(known) == 1:
            return {"etag": known[0][1], "bytes": total}
        return {"etag": hashlib.sha256(json.dumps(known).encode()).hexdigest(), "bytes": total}

    def _open(self, name):
        if name not in self._readers:
            place, etag, _ = self._files[name]
            self._readers[name] = S3Reader(place, self._what, etag, self._check)
        return self._readers[name]

    def fetch(self, folder):
        for name in self._files:
            with self._open(name) as reader:
                if self._kind:
                    archives.unpack(io.BufferedReader(reader, BLOCK_BYTES), self._kind, folder, self._limits)
                else:
                    archives.Writer(folder, self._limits, packed=reader.bytes).write(archives.safe_parts(name), reader)
            del self._readers[name]
        first = next(iter(self._files))
        return folder if self._kind or len(self._files) > 1 + len(scans.beside(first)) else folder.joinpath(*archives.safe_parts(first))

    def close(self):
        for reader in self._readers.values():
            reader.close()


class _CheckedFile(io.FileIO):
    """Calls `check` between blocks, as S3Reader does."""

    def __init__(self, path, check):
        super().__init__(path)
        self._check = check

    def readinto(self, buffer):
        self._check()
        return super().readinto(buffer)


class _OnDisk:
    """A file or a folder, used where it is; only archives are unpacked."""

    def __init__(self, source, limits, check):
        self._limits, self._check, self._what = limits, check, source.what
        self._root = pathlib.Path(source.place)
        self._kind = None if source.place.endswith("/") else kind_of(self._root.name)
        try:
            self.seen = self._identify()
        except OSError as error:
            raise from_os_error(error, self._what) from None

    def _identify(self):
        if not self._root.is_dir():
            files = [self._root, *map(self._root.with_name, scans.beside(self._root.name))]
        else:
            files = sorted(path for path in self._root.rglob("*") if path.is_file())
        _check_count(len(files), self._limits, self._what)
        known = [[str(path.relative_to(self._root.parent)), *self._digest(path)] for path in files]
        total = sum(size for _, _, size in known)
        _check_size(total, self._limits, self._what)
        if len(known) == 1 and not self._root.is_dir():
            return {"sha256": known[0][1], "bytes": total}
        return {"sha256": hashlib.sha256(json.dumps(known).encode()).hexdigest(), "bytes": total}

    def _digest(self, path):
        """Reading also brings the file into the memory of the kernel, where the engine finds it a moment later."""
        digest = hashlib.sha256()
        with open(path, "rb", buffering=0) as stream:
            while block := stream.read(BLOCK_BYTES):
                self._check()
                digest.update(block)
            return digest.hexdigest(), os.fstat(stream.fileno()).st_size

    def fetch(self, folder):
        if self._kind is None:
            return self._root
        with _CheckedFile(self._root, self._check) as file:
            archives.unpack(io.BufferedReader(file, BLOCK_BYTES), self._kind, folder, self._limits)
        return folder

    def close(self):
        """Nothing is open."""
