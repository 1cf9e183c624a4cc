"""From the bytes of a file to UTF-8 text."""

from __future__ import annotations

import codecs
from pathlib import Path

import numpy as np

from nnviz.data.dataset import DataError

HEAD_BYTES = 1 << 20
CHUNK_BYTES = 1 << 22
CONTROLS = tuple(code for code in range(32) if code not in b"\t\n\r\f\v\x1a")
"""Bytes that a text has hardly any of."""


def first_bytes(path: Path) -> bytes:
    """Return the start of a file. Raises DataError when it cannot be read, is empty or is no text."""
    name = path.name or str(path)
    try:
        if path.is_dir():
            raise DataError(f"{name} is a folder; choose a file inside it.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise DataError(f"{name} is not in {path.parent} any more; put it back or choose another file.") from None
    except PermissionError:
        raise DataError(f"{name} may not be read; change its permissions or choose another file.") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror or error}); choose another file.") from None
    if not head.strip():
        raise DataError(f"{name} is empty; choose a file with a header and rows.")
    if head.startswith(b"PK\x03\x04"):
        raise DataError(f"{name} is a spreadsheet or archive, not text; save the sheet as CSV and choose that file.")
    return head


def in_utf8(path: Path, head: bytes) -> tuple[bytes | None, str, tuple[str, ...]]:
    """Return the text in UTF-8 (None when the file is so already), the name of its encoding, and notes.

    Raises DataError when the file is no text.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return path.read_bytes().decode("utf-16").encode(), "utf-16", ()
        except UnicodeDecodeError:
            raise DataError(f"{path.name} is not valid UTF-16 text; save it again as UTF-8.") from None
    controls = sum(head.count(code) for code in CONTROLS)
    if controls > len(head) // 100:
        raise _no_text(path)
    if not _is_utf8(path):
        raw, encoding = path.read_bytes(), "cp1252"
        if b"\0" in raw:
            raise _no_text(path)
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            encoding = "latin-1"
            text = raw.decode(encoding)
        note = f"The file is not UTF-8 and was read as Western European text ({encoding}); check letters with accents."
        return text.encode(), encoding, (note,)
    encoding = "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    if b"\r" in head and b"\n" not in head:  # lines as on old Macintoshes, which the parser does not know
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), encoding, ()
    return None, encoding, ()


def _is_utf8(path: Path) -> bool:
    """Whether all bytes form UTF-8 text. Raises DataError when there are zero bytes, which no text has."""
    codes = np.memmap(path, np.uint8, "r")
    decoder = codecs.getincrementaldecoder("utf-8")()
    pending = False
    try:
        for start in range(0, len(codes), CHUNK_BYTES):
            chunk = codes[start : start + CHUNK_BYTES]
            if chunk.min() == 0:
                raise _no_text(path)
            if pending or chunk.max() > 127:  # plain ASCII needs no decoding
                decoder.decode(chunk.tobytes())
                pending = bool(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _no_text(path: Path) -> DataError:
    return DataError(f"{path.name} is not a text file; export it as CSV from the program that made it.")
