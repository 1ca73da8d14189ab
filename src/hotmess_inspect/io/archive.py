"""The few members of an ``.eval`` archive that hold results, read within fixed bounds.

Only the end of the archive is touched: its directory, and the members ``header.json`` and
``summaries.json`` (or the journal of a log that is still being written). Transcripts are never inflated,
and nothing in the archive can make a read longer or larger than the limits below.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Protocol, cast

import numpy as np
import zstandard
from numpy.typing import NDArray

from hotmess_inspect.words import counted

TAIL_BYTES = 1 << 20
CHUNK_BYTES = 1 << 18
MAX_DIRECTORY_BYTES = 1 << 28
MAX_MEMBERS = 1 << 19
"""Members beside transcripts: a journal has one for every few epochs."""
MAX_RATIO = 300
"""How many times its size a member may inflate to, once it is larger than ``FREE_BYTES``."""
FREE_BYTES = 1 << 26
MAX_INFLATED_BYTES = 1 << 32

_STORED, _DEFLATE, _ZSTD = 0, 8, 93
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_NAME_SIZES = struct.Struct("<3H").unpack_from
_SAMPLE = b"samples/"
_LOCAL = struct.Struct("<4s5H3L2H")


class DamagedLog(ValueError):
    """A log that cannot be read, with the reason as its message."""


class UnknownShape(DamagedLog):
    """A log whose JSON is sound but not of the form that the fast reader knows."""


class Source(Protocol):
    """Bytes that can be read in pieces: a local file, or an object in a bucket."""

    size: int

    def read(self, start: int, length: int) -> bytes:
        """The bytes from ``start`` on, fewer at the end of the file."""
        ...


class Readable(Protocol):
    """Text that comes in pieces, into memory that the caller owns."""

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view from its start; how many bytes, 0 only at the end."""
        ...


@dataclass(frozen=True)
class Member:
    """One entry of the archive's directory."""

    name: str
    method: int
    crc: int
    compressed: int
    inflated: int
    offset: int


class Archive:
    """The directory of an ``.eval`` archive.

    Attributes:
        members: The members that are not transcripts, by name; of two with one name the last.
        samples: How many transcripts the archive holds.
    """

    def __init__(self, source: Source, *, transcripts: bool = False) -> None:
        """Read the directory.

        Args:
            source: The file.
            transcripts: Whether transcripts are members too, for logs that have no summaries.

        Raises:
            DamagedLog: If the file is no archive, is cut off, or its directory lies about itself.
        """
        self._source = source
        self._tail_start = max(0, source.size - TAIL_BYTES)
        self._tail = source.read(self._tail_start, TAIL_BYTES)
        entries, size, start = self._find_directory()
        self.members: dict[str, Member] = {}
        self.samples = 0
        self._transcripts = transcripts
        self._parse_directory(self._read(start, size), entries)

    def _read(self, start: int, length: int) -> bytes:
        """Bytes of the file, from the tail in memory where it covers them."""
        if start < 0 or length < 0 or start + length > self._source.size:
            raise DamagedLog("the archive's directory points outside of the file")
        if start >= self._tail_start:
            at = start - self._tail_start
            found = self._tail[at : at + length]
        elif start + length > self._tail_start:
            found = (
                self._source.read(start, self._tail_start - start)
                + self._tail[: start + length - self._tail_start]
            )
        else:
            found = self._source.read(start, length)
        if len(found) != length:
            raise DamagedLog("the file ends early (is it still being written or copied?)")
        return found

    def _find_directory(self) -> tuple[int, int, int]:
        """Number of entries, size and start of the directory."""
        if self._source.size == 0:
            raise DamagedLog("the file is empty")
        at = self._tail.rfind(b"PK\x05\x06", max(0, len(self._tail) - _END.size - 0xFFFF))
        if at < 0 or len(self._tail) - at < _END.size:
            raise DamagedLog("not an .eval archive, or one that is cut off: it has no directory at its end")
        _, _, _, _, entries, size, start, _ = _END.unpack_from(self._tail, at)
        if entries == 0xFFFF or size == 0xFFFFFFFF or start == 0xFFFFFFFF:
            entries, size, start = self._find_directory64(at)
        if size > MAX_DIRECTORY_BYTES:
            raise DamagedLog(
                f"the archive's directory claims {counted(size, 'byte')}; at most {MAX_DIRECTORY_BYTES:,} are read"
            )
        return entries, size, start

    def _find_directory64(self, end: int) -> tuple[int, int, int]:
        if end < _LOCATOR64.size:
            raise DamagedLog("the archive's 64-bit directory is cut off")
        signature, _, at, _ = _LOCATOR64.unpack_from(self._tail, end - _LOCATOR64.size)
        if signature != b"PK\x06\x07":
            raise DamagedLog("the archive's 64-bit directory is missing")
        record = _END64.unpack(self._read(at, _END64.size))
        if record[0] != b"PK\x06\x06":
            raise DamagedLog("the archive's 64-bit directory is missing")
        return record[7], record[8], record[9]

    def _parse_directory(self, directory: bytes, entries: int) -> None:
        starts = _entry_starts(directory)
        if len(starts) != entries:
            raise DamagedLog("the archive's directory is damaged: its entries do not fill it")
        # Most entries are transcripts: for these nothing is looked at but the beginning of their name.
        samples = _begin_with(directory, starts + _ENTRY.size, _SAMPLE)
        self.samples = int(samples.sum())
        wanted = starts if self._transcripts else starts[~samples]
        if len(wanted) > MAX_MEMBERS:
            raise DamagedLog(
                f"the archive holds {counted(len(wanted), 'member')}; at most {MAX_MEMBERS:,} are looked at"
            )
        for at in wanted.tolist():
            name_size, extra_size, _ = _NAME_SIZES(directory, at + 28)
            name = directory[at + _ENTRY.size : at + _ENTRY.size + name_size]
            self._add_member(directory, at, name, extra_size)

    def _add_member(self, directory: bytes, at: int, name: bytes, extra_size: int) -> None:
        fields = _ENTRY.unpack_from(directory, at)
        method, crc, compressed, inflated, offset = fields[4], fields[7], fields[8], fields[9], fields[16]
        if fields[3] & 1:
            raise DamagedLog(f"member {name[:80]!r} is encrypted")
        if 0xFFFFFFFF in (compressed, inflated, offset):
            start = at + _ENTRY.size + len(name)
            inflated, compressed, offset = _wide_fields(
                directory[start : start + extra_size], inflated, compressed, offset
            )
        text = name.decode("utf-8", "replace")
        self.members[text] = Member(text, method, crc, compressed, inflated, offset)

    def prefetch(self, names: list[str]) -> None:
        """Fetch members in one piece, from the first of them to the tail, if they lie near the end."""
        starts = [self.members[name].offset for name in names if name in self.members]
        total = sum(self.members[name].compressed for name in names if name in self.members)
        if not starts or min(starts) >= self._tail_start:
            return
        gap = self._tail_start - min(starts)
        if gap <= 2 * total + TAIL_BYTES:
            self._tail = self._source.read(min(starts), gap) + self._tail
            self._tail_start = min(starts)

    def open(self, name: str) -> Readable:
        """Inflate a member piece by piece, checking its size and checksum as it goes.

        Raises:
            DamagedLog: If the member is missing, of an unknown compression, or too large; while it is read,
                if it is damaged.
        """
        member = self._checked(name)
        # A short member comes with its own header in one read; extra fields are rarely longer than this.
        guess = _LOCAL.size + len(name.encode()) + 64 + min(member.compressed, CHUNK_BYTES)
        head = self._read(member.offset, min(guess, self._source.size - member.offset))
        if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
            raise DamagedLog(f"{name} is not where the archive's directory says")
        name_size, extra_size = struct.unpack_from("<2H", head, 26)
        start = _LOCAL.size + name_size + extra_size
        first = head[start : start + member.compressed]
        rest = self._pieces(member.offset + start + len(first), member.compressed - len(first))
        return _CheckedMember(member, _inflated(member, chain([first] if first else [], rest)))

    def check(self, names: list[str]) -> None:
        """Refuse members that would inflate beyond bounds, without inflating them."""
        for name in names:
            if name in self.members:
                self._checked(name)

    def _checked(self, name: str) -> Member:
        member = self.members.get(name)
        if member is None:
            raise DamagedLog(f"{name} is missing")
        if member.inflated > MAX_INFLATED_BYTES:
            raise DamagedLog(
                f"{name} claims to inflate to {counted(member.inflated, 'byte')}; at most {MAX_INFLATED_BYTES:,} are read"
            )
        if member.inflated > FREE_BYTES and member.inflated > MAX_RATIO * member.compressed:
            raise DamagedLog(
                f"{name} would inflate {counted(member.compressed, 'byte')} to {member.inflated:,}, more than {MAX_RATIO} "
                "times; this is not how results compress"
            )
        return member

    def _pieces(self, start: int, length: int) -> Iterator[bytes]:
        for at in range(start, start + length, CHUNK_BYTES):
            yield self._read(at, min(CHUNK_BYTES, start + length - at))

    def read(self, name: str, limit: int = FREE_BYTES) -> bytes:
        """A whole member of at most ``limit`` bytes."""
        member = self.members.get(name)
        if member is not None and member.inflated > limit:
            raise DamagedLog(
                f"{name} claims to inflate to {counted(member.inflated, 'byte')}; at most {limit:,} are read"
            )
        reader, buffer, found = self.open(name), memoryview(bytearray(CHUNK_BYTES)), bytearray()
        while count := reader.readinto(buffer):
            found += buffer[:count]
        return bytes(found)


def _entry_starts(directory: bytes) -> NDArray[np.int64]:
    """Where each entry of the directory starts, shape (entries,).

    Signatures are looked for all at once; where the entries they start fill the directory from end to end
    they are the entries. A signature inside of a name breaks that chain: then it is walked.
    """
    data = np.frombuffer(directory, dtype=np.uint8)
    last = max(0, len(data) - _ENTRY.size + 1)
    signed = np.ones(last, dtype=np.bool_)
    for place, byte in enumerate(b"PK\x01\x02"):
        signed &= data[place : last + place] == byte
    found = np.flatnonzero(signed)
    ends = found + _ENTRY.size
    for place in (28, 30, 32):
        ends += data[found + place] + 256 * data[found + place + 1].astype(np.int64)
    chain = np.concatenate([[0], ends])
    if chain[-1] == len(data) and np.array_equal(chain[:-1], found):
        return found
    starts, at = [], 0
    while at < len(data):
        if len(data) - at < _ENTRY.size or not directory.startswith(b"PK\x01\x02", at):
            raise DamagedLog("the archive's directory is damaged")
        starts.append(at)
        at += _ENTRY.size + sum(_NAME_SIZES(directory, at + 28))
    if at != len(data):
        raise DamagedLog("the archive's directory is damaged: its entries do not fill it")
    return np.array(starts, dtype=np.int64)


def _begin_with(text: bytes, starts: NDArray[np.int64], word: bytes) -> NDArray[np.bool_]:
    """At which of the places the word stands, shape (places,)."""
    data = np.frombuffer(text, dtype=np.uint8)
    same = starts <= len(data) - len(word)
    for place, byte in enumerate(word):
        same &= data[np.minimum(starts + place, len(data) - 1)] == byte
    return same


def _wide_fields(extra: bytes, inflated: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """Sizes above 4 GiB, which stand in an extra field in the order in which they overflowed."""
    values, at = [inflated, compressed, offset], 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            wide = [n for n, value in enumerate(values) if value == 0xFFFFFFFF]
            if size < 8 * len(wide) or at + 4 + size > len(extra):
                break
            for place, number in enumerate(wide):
                values[number] = struct.unpack_from("<Q", extra, at + 4 + 8 * place)[0]
            return values[0], values[1], values[2]
        at += 4 + size
    raise DamagedLog("the archive's directory lacks a 64-bit size")


class PieceReader:
    """Pieces of any size as one text."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view from its start; how many bytes, 0 only at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class _CheckedMember:
    """A member's text, whose size and checksum must be what the directory says."""

    def __init__(self, member: Member, source: Readable) -> None:
        self._member, self._source = member, source
        self._done = self._crc = 0

    def readinto(self, view: memoryview, /) -> int:
        member = self._member
        try:
            count = self._source.readinto(view)
        except (zlib.error, zstandard.ZstdError) as error:
            raise DamagedLog(f"{member.name} cannot be inflated: {error}") from error
        self._done += count
        if self._done > member.inflated:
            raise DamagedLog(
                f"{member.name} inflates to more than the {counted(member.inflated, 'byte')} it claims"
            )
        self._crc = zlib.crc32(view[:count], self._crc)
        if not count and (self._done != member.inflated or self._crc != member.crc):
            raise DamagedLog(f"{member.name} is damaged: its size or checksum is not what the directory says")
        return count


def _inflated(member: Member, pieces: Iterator[bytes]) -> Readable:
    if member.method == _STORED:
        return PieceReader(pieces)
    if member.method == _DEFLATE:
        return PieceReader(_inflate_deflate(pieces))
    if member.method == _ZSTD:
        source = cast("IO[bytes]", _PieceFile(pieces))  # the reader calls nothing but read()
        # The window limit bounds what a hostile frame header can make the decoder allocate.
        decoder = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        return cast(Readable, decoder.stream_reader(source, read_size=CHUNK_BYTES, read_across_frames=True))
    raise DamagedLog(f"{member.name} uses the unknown compression method {member.method}")


def _inflate_deflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in pieces:
        while piece:
            yield decoder.decompress(piece, CHUNK_BYTES)
            piece = decoder.unconsumed_tail
    yield decoder.flush()


class _PieceFile:
    """The pieces as the file that the zstd reader asks for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int) -> bytes:
        del size  # a piece is never larger than the reader's own buffer
        return next(self._pieces, b"")
