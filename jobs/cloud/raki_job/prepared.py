"""Where units that were taken out of archives lie, with their manifest: in S3, or in a folder of a cluster."""

import concurrent.futures
import errno
import hashlib
import json
import os
import pathlib
import shutil

from raki_cloud import s3

from .folders import OwnFolder, creating

MANIFEST = "units.manifest.json"
UPLOADS_AT_ONCE = 8
WHAT = "the folder of prepared units"


def prepared_at(output, identity):
    place = s3.place_of(output)
    return _InS3(s3.Place(place.bucket, "/".join(filter(None, [place.key.rstrip("/"), identity])))) if place else _OnDisk(pathlib.Path(output), identity)


def _names(name, paths):
    """Name in the folder -> file. Units' ids are unique, what files were called in their archives is not."""
    return {name + path.suffix.lower(): path for path in paths}


def _unit(name, paths, **more):
    """The size stands there for a scan of one file only: of others it would be that of all together."""
    size = {"bytes": paths[0].stat().st_size} if len(paths) == 1 else {}
    return {"id": name, "input": next(iter(_names(name, paths))), **size, **more}


class _InS3:
    def __init__(self, place):
        self._place = place

    def _at(self, name):
        return s3.Place(self._place.bucket, f"{self._place.key}/{name}")

    def is_done(self):
        return s3.exists(self._at(MANIFEST), WHAT)

    def put(self, files, check):
        """Units of the manifest. `check` is called between files and may raise. A file that is there is left as it is: it has these bytes, and
        another ETag would make it another input."""
        todo = {name: path for unit, paths in files.items() for name, path in _names(unit, paths).items()}

        def upload(name):
            check()
            with open(todo[name], "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            s3.put_file(self._at(name), todo[name], digest, WHAT, once=True)

        with concurrent.futures.ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            list(pool.map(upload, todo))
        etags = {key: etag for key, _, etag in s3.below(self._at(""), WHAT)}
        return [_unit(unit, paths, etag=etags[self._at(next(iter(_names(unit, paths)))).key]) for unit, paths in files.items()]

    def finish(self, manifest):
        """Now it can be seen; another run that was faster wrote the same."""
        s3.put_json_once(self._at(MANIFEST), manifest, WHAT)

    def close(self):
        """Nothing is open."""


class _OnDisk:
    """All of it in a hidden folder, and then one rename."""

    def __init__(self, folder, identity):
        self._folder, self._target, self._own = folder, folder / identity, None

    def is_done(self):
        return (self._target / MANIFEST).is_file()

    def put(self, files, check):
        with creating(WHAT):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._own = OwnFolder(self._folder)
            (self._own.path / "out").mkdir()
            units = []
            for unit, paths in files.items():
                check()
                units.append(_unit(unit, paths))
                for name, path in _names(unit, paths).items():
                    shutil.copyfile(path, self._own.path / "out" / name)
            return units

    def finish(self, manifest):
        with creating(WHAT):
            (self._own.path / "out" / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
            os.sync()  # all files at once: the rename must not outlive them when the power fails
            try:
                os.rename(self._own.path / "out", self._target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another run was faster
                    raise

    def close(self):
        if self._own is not None:
            self._own.remove()
