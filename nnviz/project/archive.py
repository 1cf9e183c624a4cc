"""Reading zip archives that may be damaged, or made to do harm: nothing is believed that has not been checked.

The table of contents is checked as a whole before anything is read, and an entry may not become larger than it says.
Nothing is ever written where an archive says. A file that was cut off has lost its table of contents, which comes
last; `salvage` then looks for the entries themselves.
"""

from __future__ import annotations

import contextlib
import re
import struct
import threading
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from nnviz.project.project import ProjectError

MOST_ENTRIES = 200_000
"""More than a project ever has: fifty runs have 13,000."""

MOST_TEXT = 256 * 2**20
"""Bytes of the largest JSON or TOML that is read: a run with a thousand large drawings."""

MOST_PACKED = 64 * 2**20
"""Bytes of the largest entry that is packed with deflate; what is larger is stored as it is."""

_BEST_RATIO = 200
"""How far all packed entries together may shrink: a bomb of zeros shrinks to a thousandth, text to a twentieth."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}(/[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}){0,4}")
_LOCAL = struct.Struct("<4s5H3I2H")
_SIGNATURE = b"PK\x03\x04"
_ZIP64 = 0xFFFF_FFFF

_BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What zipfile and zlib raise on bytes that are no archive, of which OSError is not one."""


@dataclass(frozen=True)
class Entry:
    """Where an entry lies: `offset` is that of its local header; sizes in bytes, as stored and as it is."""

    name: str
    offset: int
    stored: int
    size: int
    deflated: bool
    crc: int


_open: weakref.WeakSet[Archive] = weakref.WeakSet()
"""The archives that files were opened as: a file that is about to be replaced may be among them."""


class Archive:
    """A zip archive that is open for reading, by any thread. Raises ProjectError for what is none.

    `name` is what messages call it. `lent` are the values that still read from it.
    """

    def __init__(self, file: BinaryIO, name: str, salvage: bool = False) -> None:
        self.name, self.path = name, Path()
        self.entries = _entries(file, name, salvage)
        self.lent: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = threading.RLock()
        self._use(file)

    @classmethod
    def open(cls, path: Path, salvage: bool = False) -> Self:
        """Open a file. Raises ProjectError."""
        file = _opened(path)
        try:
            archive = cls(file, path.name, salvage)
        except BaseException:
            file.close()
            raise
        archive.path = path.absolute()
        _open.add(archive)
        return archive

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Let go of the file for as long as it takes to replace it, then read from the one that is there."""
        with self._lock:
            self._close()
            try:
                yield
            finally:
                with contextlib.suppress(ProjectError):  # whoever reads will be told
                    file = _opened(self.path)
                    self._use(file)
                    self.entries = _entries(file, self.name, salvage=False)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def read(self, name: str) -> bytes:
        """Return the contents of an entry, checked against its size and checksum. Raises ProjectError."""
        entry = self.entries.get(name)
        if entry is None:
            raise ProjectError(f"{self.name} lacks {name}: the file is damaged.")
        try:
            content = _inflated(self._stored(entry), entry)
        except OSError as error:
            raise ProjectError(f"{self.name} cannot be read any more: {error.strerror or error}.") from error
        except (*_BROKEN, MemoryError) as error:
            raise ProjectError(f"{self.name} is damaged at {name}: {_reason(error)}.") from error
        if len(content) != entry.size or zlib.crc32(content) != entry.crc:
            raise ProjectError(f"{self.name} is damaged at {name}: its checksum is not right.")
        return content

    def text(self, name: str) -> bytes:
        """Return the contents of an entry that is text, and no more of it than makes sense. Raises ProjectError."""
        if name in self.entries and self.entries[name].size > MOST_TEXT:
            raise ProjectError(f"{self.name} is damaged at {name}: it would fill {self.entries[name].size:,} bytes.")
        return self.read(name)

    def close(self) -> None:
        """Close the file: nothing can be read after this."""
        self._close()

    def _use(self, file: BinaryIO) -> None:
        self._file = file
        self._close = weakref.finalize(self, file.close)  # an archive that is forgotten is closed

    def _stored(self, entry: Entry) -> bytes:
        with self._lock:
            if self._file.closed:
                raise OSError("it was closed")
            self._file.seek(entry.offset)
            header = self._file.read(_LOCAL.size)
            signature, *_, name_length, extra_length = _LOCAL.unpack(header)
            if signature != _SIGNATURE:
                raise ValueError("the entry does not begin where it should")
            if self._file.read(name_length) != entry.name.encode():
                raise ValueError("another entry is in its place")
            self._file.seek(extra_length, 1)
            return self._file.read(entry.stored)


def open_at(path: Path) -> list[Archive]:
    """Return the open archives that read from the file at a path."""
    return [archive for archive in list(_open) if archive.path == path.absolute() or _same_file(archive.path, path)]


def _same_file(a: Path, b: Path) -> bool:
    try:
        return a.samefile(b)
    except OSError:
        return False


def _opened(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise ProjectError(f"{path.name} is a folder; a project is a file.")
        if path.exists() and not path.is_file():
            raise ProjectError(f"{path.name} is not a file.")
        return path.open("rb")
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror or error}.") from error


def _entries(file: BinaryIO, name: str, salvage: bool) -> dict[str, Entry]:
    """Return the entries of an archive. Raises ProjectError, which calls it `name`."""
    try:
        listed = list(_scanned(file) if salvage else _listed(file))
        _check(listed, file.seek(0, 2), salvage)
    except OSError as error:
        raise ProjectError(f"{name} cannot be read: {error.strerror or error}.") from error
    except _BROKEN as error:
        raise ProjectError(f"{name} is damaged, or no project: {_reason(error)}.") from error
    return {entry.name: entry for entry in listed}


def _inflated(stored: bytes, entry: Entry) -> bytes:
    if not entry.deflated:
        return stored
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    return inflate.decompress(stored, entry.size + 1)


def _listed(file: BinaryIO) -> Iterator[Entry]:
    """Return the entries of the table of contents."""
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            yield _entry(
                info.filename,
                info.header_offset,
                info.compress_size,
                info.file_size,
                info.compress_type,
                info.CRC,
                info.flag_bits,
            )


def _scanned(file: BinaryIO) -> Iterator[Entry]:
    """Return the entries that are found one behind the other, whole ones alone; what lies between is passed over.

    In what is left of an entry there may be others, those of an NPZ archive, whose names have no folder.
    """
    length, at = file.seek(0, 2), 0
    seen = set()
    while (at := _next_signature(file, at)) >= 0:
        entry, end = _entry_at(file, at)
        if entry is not None and end <= length:
            if ("/" in entry.name or entry.name.endswith(".json")) and entry.name not in seen:
                seen.add(entry.name)
                yield entry
            at = end
        else:
            at += 4


def _next_signature(file: BinaryIO, at: int) -> int:
    """Return where the next local header may begin, -1 where there is none any more."""
    file.seek(at)
    while block := file.read(2**20):
        found = block.find(_SIGNATURE)
        if found >= 0:
            return at + found
        if len(block) < 2**20:
            return -1
        at += len(block) - 3
        file.seek(at)
    return -1


def _entry_at(file: BinaryIO, at: int) -> tuple[Entry | None, int]:
    """Return the entry whose local header lies at a place, if it is one of ours, and where it ends."""
    file.seek(at)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size:
        return None, at
    _, _, flags, method, _, _, crc, stored, size, name_length, extra_length = _LOCAL.unpack(header)
    rest = file.read(name_length + extra_length)
    name, extra = rest[:name_length].decode("ascii", "replace"), rest[name_length:]
    if size == _ZIP64 or stored == _ZIP64:
        if len(extra) < 20 or extra[:4] != b"\x01\x00\x10\x00":
            return None, at
        size, stored = struct.unpack_from("<QQ", extra, 4)
    try:
        entry = _entry(name, at, stored, size, method, crc, flags)
    except ValueError:
        return None, at
    return entry, at + len(header) + len(rest) + stored


def _entry(name: str, offset: int, stored: int, size: int, method: int, crc: int, flags: int) -> Entry:
    """Return an entry whose numbers make sense. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"it holds a file with the name {name[:60]!r}")
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or flags & 0x1:
        raise ValueError(f"{name} is packed in a way that projects are not")
    if method == zipfile.ZIP_STORED and size != stored:
        raise ValueError(f"the sizes of {name} do not agree")
    if method == zipfile.ZIP_DEFLATED and size > MOST_PACKED:
        raise ValueError(f"{name} would become {size:,} bytes from {stored:,}")
    return Entry(name, offset, stored, size, method == zipfile.ZIP_DEFLATED, crc)


def _check(entries: list[Entry], length: int, salvaged: bool) -> None:
    """Raise ValueError where entries cannot all be in one file of so many bytes."""
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"it holds {len(entries):,} files")
    if len({entry.name for entry in entries}) < len(entries):
        raise ValueError("it holds two files of the same name")
    end = 0
    for entry in sorted(entries, key=lambda each: each.offset):
        if entry.offset < end:
            raise ValueError(f"{entry.name} overlaps another file")
        if end == 0 < entry.offset and not salvaged:  # what zipfile takes for the table is that of an NPZ inside
            raise ValueError("its table of contents is missing")
        end = entry.offset + _LOCAL.size + len(entry.name) + entry.stored
    if end > length:
        raise ValueError("it ends too early")
    packed = sum(entry.size for entry in entries if entry.deflated)
    if packed > _BEST_RATIO * length + MOST_PACKED:
        raise ValueError(f"it would become {packed:,} bytes from {length:,}")


def _reason(error: BaseException) -> str:
    text = str(error).strip().rstrip(".")
    return (text[:1].lower() + text[1:]) if text else "it cannot be unpacked"
