"""An image set to a folder: the recipe. imageset.json comes last: a folder without it is not complete."""

import contextlib
import json
import os
import pathlib
import shutil

from raki_cloud.exits import Exit, Stop
from raki_job.folders import OwnFolder, remove_dead

from . import metadata
from .decode import decoded
from .frames import download
from .service import BROKEN, attempts, call

FORMAT = "raki-imageset-1"


def fetch(options):
    """What stands in imageset.json."""
    target = _target(options.output)
    found = _metadata(options)
    try:
        own = OwnFolder(target)  # in the folder itself: it may be a mount of its own
    except OSError as error:
        raise _unusable(error, target) from None
    try:
        made = _fetch(found, own.path, options)
        _publish(own.path, target, made)
    except OSError as error:
        raise Stop(Exit.IO, f"Not written: found '{error.strerror}', expected room and a working disk. At {target}. Try again elsewhere.") from None
    finally:
        own.remove()
    return made


def _metadata(options):
    version = {"versionId": options.version} if options.version else {}
    for _ in attempts():
        answer = call("get_image_set_metadata", "the metadata of the image set", patience=300, datastoreId=options.datastore,
                      imageSetId=options.image_set, **version)
        with contextlib.suppress(*BROKEN), contextlib.closing(answer["imageSetMetadataBlob"]) as stream:
            return metadata.read(stream)
    raise Stop(Exit.IO, "Broken metadata: found an end too early, expected all of them. At the image set. Try again: a repeat is harmless.")


def _fetch(series, staging, options):
    out, frames, writer = staging / "out", staging / "frames", _writer(options.kind)
    out.mkdir()
    made = {"format": FORMAT, "datastore": options.datastore, "image_set": options.image_set, "frames": 0, "frames_not_checked": 0, "series": []}
    for number, one in enumerate(series, 1):
        frames.mkdir()
        wanted = writer.frames_in_order(one)
        download({frame.id: frame for frame in wanted}.values(), frames, options)
        made["series"].append(writer.write(one, out, f"series{number:03}", decoded(wanted, frames, options)))
        made["frames"] += len(wanted)
        made["frames_not_checked"] += sum(frame.crc32 is None for frame in wanted)
        shutil.rmtree(frames)
    return made


def _writer(kind):
    """pydicom is loaded only where it is needed: that takes longer than all else at the start."""
    if kind == "npy":
        from . import arrays
        return arrays
    from . import dicom_files
    return dicom_files


def _target(path):
    """A new or empty folder; what killed runs of ours left in it is removed."""
    target = pathlib.Path(path)
    try:
        target.mkdir(parents=True, exist_ok=True)
        remove_dead(target)
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
