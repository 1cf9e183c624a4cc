"""How long a program takes until its window is painted, as the program says itself."""

from __future__ import annotations

import subprocess

from nnviz.bench import BenchmarkError
from nnviz.bench.parts.playing_window import environment


def first_paint(*program: str) -> float:
    """Return the seconds from the start of a process to its first painted window.

    `program` is what starts nnviz. Raises BenchmarkError when no window is painted.
    """
    command = [*program, "--startup-time"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise BenchmarkError(f"The window failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return float(done.stdout.split()[-1])
