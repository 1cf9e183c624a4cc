"""Writing files so that a failure leaves neither half a file nor a lost one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in one step: whoever looks sees the old one or the new one, whole.

    A link stays one, and a file that is replaced leaves its permissions to the new one. Raises OSError, which names
    `path`.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".nnviz-{secrets.token_hex(8)}.part")  # short: the longest name is one of a file, too
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and error.errno is not None:  # not the name of the part, which says nothing
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
