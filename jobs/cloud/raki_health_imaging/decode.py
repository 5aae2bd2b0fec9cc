"""Codestreams to pixels by the engine's own decoder (`raki decode`), compared with the CRC-32 that HealthImaging keeps of each frame."""

import itertools
import subprocess
import zlib

from raki_cloud.exits import Exit, Stop, known

from .frames import path_of

FRAMES_A_CALL = 256  # starting the program costs as much as a few frames; what is decoded waits on disk


def decoded(frames, folder, options):
    """The native little-endian pixels of each frame, in this order. The files in `folder` are gone afterwards."""
    frames = iter(frames)
    while chunk := list(itertools.islice(frames, FRAMES_A_CALL)):
        if codestreams := [path_of(folder, frame) for frame in chunk if frame.is_codestream]:
            _decode(codestreams, folder, options)
        for frame in chunk:
            path = folder / f"{frame.id}.raw"
            pixels = path.read_bytes()
            path.unlink()
            _check(pixels, frame)
            yield pixels


def _decode(paths, folder, options):
    output = folder if len(paths) > 1 else paths[0].with_suffix(".raw")  # of one input the program makes one file
    command = [options.raki, "decode", *map(str, paths), "-o", str(output), "--kind", "raw", "--threads", str(options.threads)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        raise Stop(Exit.CONFIGURATION, f"No decoder: found '{error.strerror}', expected the program raki. At --raki. Install it or give its path.") from None
    if done.returncode:
        code = known(done.returncode) if done.returncode > 0 else Exit.TRY_AGAIN
        words = done.stderr.decode(errors="replace").strip().replace(str(folder) + "/", "")[-400:]
        raise Stop(code, f"Not decoded: found exit code {done.returncode}, expected pixels. At the decoder, which said: {words}")
    for path in paths:
        path.unlink()


def _check(pixels, frame):
    if len(pixels) != frame.pixel_bytes:
        raise Stop(Exit.DATA, f"Wrong pixels: found {len(pixels)} bytes, expected {frame.pixel_bytes} from rows, columns and bits allocated. "
                              f"At frame {frame.id}. Report it to whoever stored the set.")
    if frame.crc32 is not None and (found := zlib.crc32(pixels)) != frame.crc32:
        raise Stop(Exit.DATA, f"Wrong pixels: found CRC-32 {found}, expected {frame.crc32} of the metadata. At frame {frame.id}. "
                              "Report it: the decoder or the stored frame is wrong.")
