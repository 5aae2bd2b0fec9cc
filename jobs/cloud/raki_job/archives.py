"""Archives, unpacked while they arrive. Whoever made one may be an attacker: links, devices, paths that lead out, and archives that
grow beyond the limits are refused as a whole."""

import dataclasses
import gzip
import io
import itertools
import stat
import struct
import tarfile
import zipfile
import zlib

import zstandard

from raki_cloud.exits import Exit, Stop

KINDS = {".tar": "tar", ".tar.gz": "gz", ".tgz": "gz", ".tar.zst": "zst", ".zip": "zip"}
BLOCK_BYTES = 1 << 20
MOST_AT_ONCE = 64 << 20  # what zipfile may ask for in one piece: its list of members
MOST_HEADER_BYTES = 1 << 20  # of a tar member's extended header, which tarfile reads into memory
MOST_WINDOW_BYTES = 128 << 20  # zstd --long=27
RATIO_FROM_BYTES = 64 << 20  # below that a high ratio harms nobody
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, zstandard.ZstdError, EOFError, NotImplementedError, ValueError,
          LookupError, struct.error, RuntimeError)
EXTENDED = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a unit's input may become; `ratio` is bytes unpacked by bytes packed."""

    bytes: int
    members: int
    ratio: float


def kind_of(name):
    """How an archive of that name is packed; None: it is none."""
    return next((kind for ending, kind in KINDS.items() if name.lower().endswith(ending)), None)


def refused(found, expected):
    return Stop(Exit.DATA, f"Archive refused: found {found}, expected {expected}. At the unit's input. Pack it again from regular files.")


def safe_parts(name):
    """The steps of a member's path below the folder it is unpacked in. Throws Stop where it leads elsewhere."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts or "\\" in text or (parts and parts[0][1:2] == ":"):
        raise refused("a path that leads out of the archive", "paths below it")
    if not parts or not text.isprintable() or len(parts) > 32 or any(len(part.encode()) > 255 for part in parts):
        raise refused("an impossible path", "names of at most 255 printable bytes, 32 folders deep")
    return parts


def unpack(stream, kind, folder, limits):
    """Writes the members of the archive in `stream` below `folder`, which is new. Zip needs a stream that can seek."""
    try:
        if kind == "zip":
            _unpack_zip(stream, Writer(folder, limits, packed=stream.seek(0, io.SEEK_END)))
        else:
            _unpack_tar(stream, kind, folder, limits)
    except DAMAGE as error:
        raise refused(f"damage ({type(error).__name__})", "a whole archive") from None


class Writer:
    """Files below a folder, within the limits."""

    def __init__(self, folder, limits, packed):
        self._folder, self._limits, self._packed = folder, limits, packed
        self._members = self.bytes = 0

    def count_member(self):
        self._members += 1
        if self._members > self._limits.members:
            raise refused(f"more than {self._limits.members} members", "no more (--most-members)")

    def check(self, size):
        if size > self._limits.bytes:
            raise refused(f"more than {self._limits.bytes} bytes unpacked", "no more (--most-bytes)")

    def count_bytes(self, more, packed=None):
        self.bytes += more
        self.check(self.bytes)
        packed = self._packed if packed is None else packed
        if self.bytes > max(RATIO_FROM_BYTES, self._limits.ratio * packed):
            raise refused(f"more than {self._limits.ratio:g} times as many bytes as it has packed", "no more (--most-ratio)")

    def write(self, parts, source, counted=False):
        """`counted`: somebody counts the bytes of `source` already."""
        target = self._folder.joinpath(*parts)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            stream = open(target, "xb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise refused("a path twice", "each once") from None
        with stream:
            while block := source.read(BLOCK_BYTES):
                if not counted:
                    self.count_bytes(len(block))
                stream.write(block)


class _Packed(io.RawIOBase):
    """Counts what is read."""

    def __init__(self, stream):
        super().__init__()
        self._stream, self.bytes = stream, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        count = self._stream.readinto(buffer)
        self.bytes += count
        return count


class _Unpacked:
    """The tar inside, each byte of it counted: headers and padding can be a bomb too."""

    def __init__(self, stream, packed, writer):
        self._stream, self._packed, self._writer = stream, packed, writer

    def read(self, size):
        data = self._stream.read(size)
        self._writer.count_bytes(len(data), self._packed.bytes)
        return data


class _Header(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf, encoding, errors):
        header = super().frombuf(buf, encoding, errors)
        if header.type in EXTENDED and header.size > MOST_HEADER_BYTES:
            raise refused(f"an extended header of {header.size} bytes", f"at most {MOST_HEADER_BYTES}")
        return header


def _unpack_tar(stream, kind, folder, limits):
    packed = _Packed(stream)
    plain = {"tar": lambda: packed, "gz": lambda: gzip.GzipFile(fileobj=packed),
             "zst": lambda: zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW_BYTES).stream_reader(packed, read_across_frames=True)}[kind]()
    writer = Writer(folder, limits, packed=0)
    with tarfile.open(fileobj=_Unpacked(plain, packed, writer), mode="r|", tarinfo=_Header, bufsize=BLOCK_BYTES) as tar:
        for member in tar:
            writer.count_member()
            parts = [] if member.isdir() and member.name in (".", "./", "") else safe_parts(member.name)
            if member.issparse() or not (member.isreg() or member.isdir()):
                raise refused("a link, a device, a pipe or a sparse file", "regular files and folders")
            if member.isreg():
                writer.check(member.size)
                writer.write(parts, tar.extractfile(member), counted=True)
        _check_end(tar)


def _check_end(tar):
    """tarfile takes an archive that was cut between two members, or is damaged there, for one that ends there."""
    rest = tar.fileobj.read(tarfile.BLOCKSIZE)
    if len(rest) < tarfile.BLOCKSIZE:
        raise refused("an archive that was cut off", "two empty blocks at its end")
    while rest:
        if rest.count(0) < len(rest):
            raise refused("something else than a member behind a member", "the end of the archive")
        rest = tar.fileobj.read(BLOCK_BYTES)


class _Bounded(io.BufferedReader):
    def read(self, size=-1):
        if size is not None and size > MOST_AT_ONCE:
            raise refused("a list of members too long for memory", f"at most {MOST_AT_ONCE} bytes")
        return super().read(size)


def _unpack_zip(stream, writer):
    with zipfile.ZipFile(_Bounded(stream, BLOCK_BYTES)) as archive:
        members = sorted(archive.infolist(), key=lambda one: one.header_offset)
        for member, following in itertools.zip_longest(members, members[1:]):
            writer.count_member()
            _check_zip_member(member, following)
        for member in members:
            if not member.is_dir():
                with archive.open(member) as source:
                    writer.write(safe_parts(member.filename), source)


def _check_zip_member(member, following):
    safe_parts(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused("a link, a device or a pipe", "regular files and folders")
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refused("encryption or an unusual compression", "members that are stored or deflated")
    if following is not None and following.header_offset < member.header_offset + member.compress_size:
        raise refused("members that share bytes", "each its own")
