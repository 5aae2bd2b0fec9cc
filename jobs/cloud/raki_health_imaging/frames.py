"""Frames on their way: several at a time, each to a file of its own, with as many bytes as the metadata say."""

import contextlib
import threading

from raki_cloud.exits import Exit, Stop

from .service import BROKEN, attempts, call

MOST_BYTES = 1 << 30  # of a frame of which the metadata do not say it


def path_of(folder, frame):
    return folder / f"{frame.id}.{'j2c' if frame.is_codestream else 'raw'}"


def download(frames, folder, options):
    """Returns when all are there. The first error ends it, and so does an interrupt."""
    pending, taking, stopped, errors = iter(frames), threading.Lock(), threading.Event(), []

    def work():
        try:
            while not stopped.is_set():
                with taking:
                    frame = next(pending, None)
                if frame is None:
                    return
                _download(frame, path_of(folder, frame), options)
        except BaseException as error:
            errors.append(error)
            stopped.set()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(options.connections)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        stopped.set()
    if errors:
        raise errors[0]


def _download(frame, path, options):
    most = MOST_BYTES if frame.stored_bytes is None else frame.stored_bytes
    for _ in attempts():
        answer = call("get_image_frame", "an image frame", datastoreId=options.datastore, imageSetId=options.image_set,
                      imageFrameInformation={"imageFrameId": frame.id})
        size = _save(answer["imageFrameBlob"], path, most)
        if size == frame.stored_bytes or (frame.stored_bytes is None and 0 < size <= most):
            return
    raise Stop(Exit.IO, f"Broken frame: found {size} bytes, expected {'some' if frame.stored_bytes is None else frame.stored_bytes}. "
                        f"At frame {frame.id}. Try again: a repeat is harmless.")


def _save(body, path, most):
    """How many bytes came, of which no more than `most` + 1 are read."""
    size = 0
    try:
        with contextlib.closing(body), open(path, "wb") as stream:
            while block := body.read(min(1 << 18, most + 1 - size)):
                size += stream.write(block)
                if size > most:
                    break
    except BROKEN:
        size = -1
    return size
