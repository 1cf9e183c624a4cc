"""Where nnviz starts: `nnviz`, `python -m nnviz` and the frozen app."""

from __future__ import annotations

import faulthandler
import multiprocessing
import sys


def main() -> int:
    """Run the program with the arguments of this process and return its exit status."""
    multiprocessing.freeze_support()  # first: a frozen child process must not get any further
    if sys.stderr is not None:  # None in a windowed app without a console
        faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows console cannot print every sign
    if sys.platform == "win32":
        # Loading torch's libraries fails there once Qt's are in the process: pytorch/pytorch#166628.
        import torch  # noqa: F401
    if getattr(sys, "frozen", False) and sys.argv[1:2] == ["-m"] and len(sys.argv) > 2:
        # Children are started as `sys.executable -m MODULE`; in the frozen app that is this program, not Python.
        import runpy

        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        return 0
    from nnviz import cli, logs

    logs.start()
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
