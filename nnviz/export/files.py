"""Writing files so that a failure leaves neither half a file nor a lost one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in one step, as `replacing` does. Raises OSError, which names `path`."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write into, which takes the place of the old one at the end and in one step.

    Whoever looks sees the old one or the new one, whole, even after a power failure; where anything goes wrong on the
    way it is the old one. A link stays one, and a file that is replaced leaves its permissions to the new one. Raises
    OSError, which names `path`.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".nnviz-{secrets.token_hex(8)}.part")  # short: the longest name is one of a file, too
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
        sync_folder(target.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and error.errno is not None:  # not the name of the part, which says nothing
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def sync_folder(folder: Path) -> None:
    """Have the names of the files in a folder survive a power failure, where the system lets one ask for that."""
    with contextlib.suppress(OSError):  # Windows, and some network drives, do not
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
