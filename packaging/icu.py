"""Takes out of ICU's data what the app never asks for, 27 of 32 MB: ICU's own data build offers the same choice.

Qt for Linux asks ICU to sort words, to change their case, for the names of time zones, and to convert text of old
encodings. nnviz wants the first two; it reads files with Python's codecs, and Qt does without the others. What the
names of the parts mean: https://unicode-org.github.io/icu/userguide/icu_data/buildtool.html
"""

import re
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

_UNUSED = re.compile(
    r"""
      (brkitr|curr|lang|rbnf|region|translit|unit|zone)/  # breaks of lines, names and numbers in words: Qt has its own
    | [a-z]{2,3}(_\w+)?\.res$  # dates and numbers of every locale: Qt has its own as well
    | .*\.(cnv|spp|cfu)$  # converters of old encodings, and what is allowed in the names of hosts
    """,
    re.VERBOSE,
)

_ASSEMBLY = """
    .section .rodata
    .balign 16
    .globl {symbol}
    .type {symbol}, %object
{symbol}:
    .incbin "data"
    .size {symbol}, . - {symbol}
    .section .note.GNU-stack, "", %progbits
"""

_ALIGNMENT = 16
"""Bytes to whose multiples ICU's items are moved."""


class IcuError(Exception):
    """Data of a form that is not known here: one sentence."""


def trim(app: Path) -> None:
    """Make the data library of ICU in a Linux app smaller. Raises IcuError or CalledProcessError."""
    for library in app.rglob("libicudata.so.*"):
        if not library.is_symlink():
            _replace(library)


def _replace(library: Path) -> None:
    """Link the library anew, with the data that are wanted."""
    version = library.name.rpartition(".")[2]
    with tempfile.TemporaryDirectory() as folder:

        def run(*command: str) -> None:
            subprocess.run(command, check=True, cwd=folder)

        data, source = Path(folder, "data"), Path(folder, "data.s")
        run("objcopy", "--output-target=binary", "--only-section=.rodata", str(library.absolute()), "data")
        data.write_bytes(reduced(data.read_bytes()))
        source.write_text(_ASSEMBLY.format(symbol=f"icudt{version}_dat"), encoding="ascii")
        run("as", "-o", "data.o", "data.s")
        run("ld", "-shared", "--strip-all", "-soname", library.name, "-o", str(library.absolute()), "data.o")


def reduced(package: bytes) -> bytes:
    """Return an ICU data package without what the app never asks for. Raises IcuError for anything else.

    A package is a header and a table of contents: the number of items, for each the offsets of its name and of its
    bytes from the beginning of the table, in the order of the names; then names and items (ICU's `udatamem`, `CmnD`).
    """
    if package[2:4] != b"\xda\x27" or package[8] or package[12:16] != b"CmnD":
        raise IcuError("Qt's libicudata holds no package of ICU's data in the byte order of Intel and ARM.")
    (start,) = struct.unpack_from("<H", package)
    kept = {name: content for name, content in items(package[start:]) if not _UNUSED.match(name.partition("/")[2])}
    names = [name.encode("ascii") + b"\0" for name in kept]
    contents = [content.ljust(_aligned(len(content)), b"\0") for content in kept.values()]
    table = 4 + 8 * len(kept)
    first = _aligned(table + sum(map(len, names)))
    offsets = zip(_offsets(table, names), _offsets(first, contents), strict=True)
    head = struct.pack("<I", len(kept)) + b"".join(struct.pack("<II", *pair) for pair in offsets)
    return package[:start] + (head + b"".join(names)).ljust(first, b"\0") + b"".join(contents)


def items(table: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the names and the bytes of the items of a table of contents."""
    (count,) = struct.unpack_from("<I", table)
    entries = list(struct.iter_unpack("<II", table[4 : 4 + 8 * count]))
    ends = [at for _, at in entries[1:]] + [len(table)]
    for (name, at), end in zip(entries, ends, strict=True):
        yield table[name : table.index(b"\0", name)].decode("ascii"), table[at:end]


def _offsets(first: int, parts: list[bytes]) -> list[int]:
    """Return where parts lie that follow each other from an offset on."""
    return list(accumulate(map(len, parts), initial=first))[:-1]


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
