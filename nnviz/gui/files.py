"""Writing files so that a failure leaves neither half a file nor a lost one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> str:
    """Write a file in one piece; return what is wrong in a sentence, or an empty string."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        return f"{path} cannot be written: {error.strerror or error}. Choose another folder."
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        return f"{path} cannot be written: {error.strerror or error}. Choose another folder."
    return ""


def write_text(path: Path, text: str) -> str:
    """Write a UTF-8 text file in one piece; return what is wrong in a sentence, or an empty string."""
    return write_bytes(path, text.encode("utf-8"))
