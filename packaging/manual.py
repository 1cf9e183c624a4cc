"""The man page, made of what the program says about itself."""

import os
import re
import subprocess
from pathlib import Path


def page(program: Path, version: str) -> str:
    """Return the manual page of a program in roff. Raises CalledProcessError when it does not explain itself."""
    main = said(program)
    commands = re.findall(r"^  (\w+)\s", main.partition("commands:")[2].partition("\n\n")[0], re.MULTILINE)
    lines = [
        f'.TH NNVIZ 1 "" "nnviz {version}" "User Commands"',
        ".SH NAME",
        "nnviz \\- see a neural network learn and overfit",
        *section("DESCRIPTION", main),
    ]
    for command in commands:
        lines += section(f"NNVIZ {command.upper()}", said(program, command))
    environment = "NNVIZ_CACHE   the folder for what can be made again, such as compiled kernels"
    return "\n".join([*lines, *section("ENVIRONMENT", environment), ""])


def said(program: Path, *words: str) -> str:
    """Return the help of the program or of one of its commands."""
    narrow = {"COLUMNS": "80", "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}
    done = subprocess.run([str(program), *words, "--help"], check=True, capture_output=True, text=True, env=narrow)
    return done.stdout.strip()


def section(title: str, text: str) -> list[str]:
    """Return a section with a text whose lines stay as they are."""
    return [f".SH {title}", ".nf", *(escaped(line) for line in text.splitlines()), ".fi"]


def escaped(line: str) -> str:
    """Return a line in which nothing means anything to roff."""
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{line}" if line.startswith((".", "'")) else line
