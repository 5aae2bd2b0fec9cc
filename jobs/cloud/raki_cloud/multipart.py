"""DICOM files in one body: multipart/related, one part a file (PS3.18 section 8.6.1.2, RFC 2387), read from disk while it is sent."""

import os
import uuid

BLOCK_BYTES = 1 << 18


class Unreadable(Exception):
    """A file stopped being what it was when its size was noted; `instance` is the file's."""

    def __init__(self, instance, found):
        super().__init__(found)
        self.instance = instance


def new_boundary():
    return f"raki-{uuid.uuid4().hex}"


def content_type(boundary):
    return f'multipart/related; type="application/dicom"; boundary={boundary}'


def _head(boundary):
    return f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()


def _end(boundary):
    return f"--{boundary}--\r\n".encode()


def request_bytes(sizes):
    """Length of the body that carries files of these sizes in bytes."""
    return sum(map(part_bytes, sizes)) + len(_end(new_boundary()))


def part_bytes(size):
    """What a file of that size adds to a body; boundaries all have one length."""
    return len(_head(new_boundary())) + size + len(b"\r\n")


def body(instances, boundary):
    """The body in pieces of at most BLOCK_BYTES and an envelope. Throws Unreadable."""
    for one in instances:
        yield _head(boundary)
        yield from _file_blocks(one)
        yield b"\r\n"
    yield _end(boundary)


def _file_blocks(one):
    """Looks at the size first: a server may keep what it got of a request that breaks off."""
    left = one.bytes
    try:
        with open(one.path, "rb", buffering=0) as stream:
            if (found := os.fstat(stream.fileno()).st_size) != one.bytes:
                raise Unreadable(one, f"{found} bytes instead of {one.bytes}")
            while left and (block := stream.read(min(left, BLOCK_BYTES))):
                left -= len(block)
                yield block
    except OSError as error:
        raise Unreadable(one, f"'{error.strerror}'") from error
    if left:
        raise Unreadable(one, f"{left} bytes fewer than {one.bytes}")
