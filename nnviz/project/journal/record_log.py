"""A file that only ever grows, record by record, and loses nothing of what was once said to be written.

Every record has its length and a checksum. Where the process dies in the middle of one, what comes before it is whole,
and reading ends there.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from nnviz.export.files import sync_folder

_HEADER = struct.Struct("<IIB")
_MAGIC = b"nnviz journal\n"

Record = tuple[int, bytes]
"""The sort of a record, a number below 256, and its contents, at most 4 GiB."""


class RecordLog:
    """A log that is being written. Raises OSError where its file cannot be made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = len(_MAGIC)
        self._file = path.open("xb", buffering=0)
        self._write(_MAGIC)
        os.fsync(self._file.fileno())
        sync_folder(path.parent)

    def append(self, records: Iterable[Record]) -> None:
        """Write records so that they survive the end of the process, and a power failure.

        Raises OSError, and has added nothing, when that is not possible.
        """
        end = self.size
        try:
            for kind, content in records:
                self._write(_HEADER.pack(len(content), zlib.crc32(content, kind), kind))
                self._write(content)
                end += _HEADER.size + len(content)
            os.fsync(self._file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):  # what was begun would hide all that comes after it
                self._file.truncate(self.size)
                self._file.seek(self.size)
            raise
        self.size = end

    def replace(self, other: RecordLog) -> None:
        """Take the place of another log in one step. Raises OSError, and leaves the other one as it is."""
        other.close()
        self.close()  # Windows renames no open file, and onto none
        try:
            os.replace(self.path, other.path)
        except OSError:
            other._reopen()
            raise
        self.path = other.path
        self._reopen()
        sync_folder(self.path.parent)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _reopen(self) -> None:
        self._file = self.path.open("r+b", buffering=0)
        self._file.seek(self.size)

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]


def records_in(path: Path, passed_over: frozenset[int] = frozenset()) -> Iterator[Record]:
    """Yield the records of a log up to its end or the first that is not whole.

    The contents of sorts that are `passed_over` are not read; b"" is in their place. Raises OSError.
    """
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        if file.read(len(_MAGIC)) != _MAGIC:
            return
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            size, checksum, kind = _HEADER.unpack(header)
            if file.tell() + size > length:
                return
            if kind in passed_over:
                file.seek(size, os.SEEK_CUR)
                yield kind, b""
                continue
            content = file.read(size)
            if zlib.crc32(content, kind) != checksum:
                return
            yield kind, content
