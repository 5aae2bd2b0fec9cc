"""An object of S3 as a readable, seekable file that goes on where a connection broke."""

import io
import random
import time

import botocore.exceptions as errors
import urllib3.exceptions

from . import s3
from .exits import Exit, Stop

MOST_BREAKS = 6  # in a row without PROGRESS_BYTES between them
PROGRESS_BYTES = 1 << 20
SKIPPED_BYTES = 1 << 20  # a gap this short is read, not jumped over with a request


class S3Reader(io.RawIOBase):
    """`bytes` and `etag` are known when it is open: opening is one GET. All bytes are of one version of the object: a later one, or
    one that is not `etag` where that is given, ends in a Stop. `check` is called between blocks and may raise."""

    def __init__(self, place, what, etag=None, check=lambda: None):
        super().__init__()
        self._place, self._what, self._check = place, what, check
        self._at, self._body, self._body_at = 0, None, 0
        self._breaks, self._broke_at = 0, 0
        self.etag, self.bytes = etag, None
        self._open()

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._at

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def close(self):
        self._drop()
        super().close()

    def readinto(self, buffer):
        if self._at >= self.bytes:
            return 0
        while True:
            self._check()
            try:
                data = self._read_some(min(len(buffer), self.bytes - self._at))
            except (errors.BotoCoreError, urllib3.exceptions.HTTPError, OSError) as error:
                self._pause_after(error)
                continue
            if data:
                buffer[:len(data)] = data
                self._at += len(data)
                return len(data)
            self._pause_after(None)  # a body that ended early

    def _read_some(self, size):
        gap = self._at - self._body_at
        if self._body is None or not 0 <= gap <= SKIPPED_BYTES:
            self._open()
            gap = 0
        while gap and (skipped := self._body.read(min(gap, 1 << 16))):
            gap -= len(skipped)
            self._body_at += len(skipped)
        data = b"" if gap else self._body.read(size)
        self._body_at += len(data)
        return data

    def _open(self):
        """From here on. Without a range at the very beginning: an empty object has none."""
        self._drop()
        more = {"Range": f"bytes={self._at}-"} if self._at else {}
        if self.etag:
            more["IfMatch"] = f'"{self.etag}"'
        try:
            answer = s3.client().get_object(Bucket=self._place.bucket, Key=self._place.key, **more)
        except (errors.BotoCoreError, errors.ClientError) as error:
            if s3.is_taken(error):
                raise Stop(Exit.DATA, f"Input changed: found another ETag, expected the one it had before. At {self._what}. "
                                      "Write the manifest anew from what is there now.") from None
            raise s3.stop_of(error, self._what) from None
        if self.bytes is None:
            self.bytes, self.etag = answer["ContentLength"], answer["ETag"].strip('"')
        self._body, self._body_at = answer["Body"], self._at

    def _drop(self):
        if self._body is not None:
            self._body.close()
            self._body = None

    def _pause_after(self, error):
        self._drop()
        if self._at - self._broke_at >= PROGRESS_BYTES:
            self._breaks = 0
        self._breaks, self._broke_at = self._breaks + 1, self._at
        if self._breaks > MOST_BREAKS:
            found = type(error).__name__ if error else "an end too early"
            raise Stop(Exit.IO, f"Download broke off: found {found} {self._breaks} times, expected all bytes. At {self._what}. "
                                "Try again: a repeat is harmless.")
        time.sleep(min(0.1 * 2 ** self._breaks, 5) * random.uniform(0.5, 1))
