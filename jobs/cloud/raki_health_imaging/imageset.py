"""An image set to a folder: the recipe. imageset.json comes last: a folder without it is not complete."""

import json
import os
import pathlib
import shutil
import tempfile

from raki_cloud.exits import Exit, Stop

from . import metadata
from .decode import decoded
from .frames import download
from .service import call
from .writers import frames_in_order, write

FORMAT = "raki-imageset-1"


def fetch(options):
    """What stands in imageset.json."""
    target = _target(options.output)
    version = {} if not options.version else {"versionId": options.version}
    answer = call("get_image_set_metadata", "the metadata of the image set", patience=300, datastoreId=options.datastore,
                  imageSetId=options.image_set, **version)
    found = metadata.read(answer["imageSetMetadataBlob"])
    try:
        staging = pathlib.Path(tempfile.mkdtemp(prefix=".raki-", dir=target))  # in the folder itself: it may be a mount of its own
    except OSError as error:
        raise _unusable(error, target) from None
    try:
        made = _fetch(found, staging, options)
        _publish(staging, target, made)
    except OSError as error:
        raise Stop(Exit.IO, f"Not written: found '{error.strerror}', expected room and a working disk. At {target}. Try again elsewhere.") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return made


def _fetch(series, staging, options):
    out, frames = staging / "out", staging / "frames"
    out.mkdir()
    made = {"format": FORMAT, "datastore": options.datastore, "image_set": options.image_set, "frames": 0, "frames_not_checked": 0, "series": []}
    for number, one in enumerate(series, 1):
        frames.mkdir()
        wanted = frames_in_order(one, options.kind)
        download({frame.id: frame for frame in wanted}.values(), frames, options)
        made["series"].append(write(one, out, f"series{number:03}", decoded(wanted, frames, options), options.kind))
        made["frames"] += len(wanted)
        made["frames_not_checked"] += sum(frame.crc32 is None for frame in wanted)
        shutil.rmtree(frames)
    return made


def _target(path):
    """A new or empty folder."""
    target = pathlib.Path(path)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if os.listdir(target):
            raise Stop(Exit.CANNOT_CREATE, f"Folder in use: found files in it, expected a new or empty folder. At {target}. Choose another one.")
    except OSError as error:
        raise _unusable(error, target) from None
    return target


def _unusable(error, target):
    return Stop(Exit.CANNOT_CREATE, f"Unusable folder: found '{error.strerror}', expected one to write to. At {target}. Choose another one.")


def _publish(staging, target, made):
    for entry in sorted((staging / "out").iterdir()):
        entry.rename(target / entry.name)
    text = staging / "imageset.json"
    text.write_text(json.dumps(made, indent=1) + "\n")
    text.rename(target / text.name)
