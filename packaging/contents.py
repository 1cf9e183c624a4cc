"""What goes into the frozen app and what stays out; `nnviz.spec` asks here.

Everything left out was tried: the smoke test passes without it. What looks superfluous and is not: torch._dynamo,
torch._inductor, sympy and networkx (every optimizer imports them), unittest, torch.distributed, torch.testing and
torchgen (`import torch`), Qt's OpenGL modules (pyqtgraph), and most of torch's .py files, which torch reads.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

Entry = tuple[str, str, str]
"""Where it goes in the app, where it comes from, and of which sort it is: a line of PyInstaller's tables."""

# Numba keeps compiled kernels for functions whose source files it finds; those in PyInstaller's archive have none.
AS_FILES = {"nnviz.engines.compiled": "py"}

UNUSED_MODULES = [
    "IPython", "PIL", "PySide6.QtNetwork", "PySide6.QtTest", "PyQt5", "PyQt6", "PySide2", "_pytest", "hypothesis",
    "matplotlib", "mypy", "pandas", "pip", "pyarrow", "pytest", "scipy", "setuptools", "sklearn", "tensorboard",
    "tkinter",
    # OpenSSL, SQLite and readline with the libraries that they bring: nnviz talks to no network and keeps no database,
    # and Python has hash functions of its own.
    "_hashlib", "_sqlite3", "_ssl", "readline", "sqlite3", "ssl",
    # The code generators of torch.compile, which needs a C++ compiler beside it, and tools of torch's developers.
    "torch._inductor.codegen", "torch._inductor.fx_passes", "torch._inductor.ir", "torch._inductor.kernel",
    "torch._inductor.lowering", "torch._inductor.scheduler", "torch._inductor.select_algorithm", "torch._vendor.quack",
    "torch.testing._internal.common_methods_invocations", "torch.testing._internal.opinfo", "torch.utils.benchmark",
    "torch.utils.tensorboard", "numpy.f2py",
]  # fmt: skip

_UNUSED = re.compile(
    r"""
      torch/(test|include|share)/
    | torch/bin/(?!torch_shm_manager)
    | torch/lib/(.*/)?(lib)?(aoti_custom_ops|backend_with_compiler|jitbackend_test|torchbind_test)\b
    | (.*/)?(torch|numpy|numba|llvmlite|polars|sympy|networkx|pyqtgraph)/(.*/)?tests?/
    | torch/.*\.(lib|a|cmake|h|hpp|cuh)$
    | torch/(ao|export|testing|_vendor|_export/(db|passes|serde)|backends/_nnapi|utils/hipify)/.*\.py$
    | torch/sparse/_triton_\w+\.py$
    | torch/_inductor/(?!config).*\.py$
    | torch/_dynamo/variables/(?!streams).*\.py$
    | torch/distributed/(?!config|_functional_collectives|tensor/_collective_utils).*\.py$
    | .*\.dist-info/(?!METADATA|entry_points)  # licenses have a folder of their own
    | pyqtgraph/(examples|icons/peegee)/
    | PySide6/.*/(plugins/)?egldeviceintegrations/
    | PySide6/.*/plugins/platforms/(lib)?q(eglfs|linuxfb|vnc|vkkhrdisplay|minimalegl|minimal|direct2d)\b
    | PySide6/.*/plugins/platformthemes/libqgtk3
    | PySide6/.*/plugins/(networkinformation|tls|generic|qmltooling|sqldrivers)/
    | PySide6/.*/plugins/imageformats/(lib)?q(icns|tga|tiff|wbmp)\b
    | PySide6/.*/translations/
    | PySide6/.*/qml/
    | (.*/)?(lib)?Qt6?(EglFS|EglFs|Quick|Qml|VirtualKeyboard|Pdf|WaylandCompositor)\w*(\.|$)
    """,
    re.VERBOSE,
)


def modules() -> list[str]:
    """Return the names of all modules of nnviz: registries import theirs by name at run time, which no freezer sees."""
    from PyInstaller.utils.hooks import collect_submodules

    return collect_submodules("nnviz", on_error="raise")


def data_files() -> list[tuple[str, str]]:
    """Return the files that are not modules: (where it is, folder in the app)."""
    from PyInstaller.utils.hooks import copy_metadata

    folders = [folder for folder in (ROOT / "resources").iterdir() if folder.name != "screenshots"]
    found = [(str(folder), f"resources/{folder.name}") for folder in folders]
    scripts = (ROOT / "nnviz").rglob("*.js")
    found += [(str(file), str(file.relative_to(ROOT).parent)) for file in scripts]
    return found + copy_metadata("nnviz", recursive=True)


def wanted(entries: Iterable[Entry]) -> list[Entry]:
    """Return the lines of a table whose files are of use in the app, without links to what is left out."""
    every = list(entries)
    left_out = {os.path.normpath(entry[0]) for entry in every if _UNUSED.match(Path(entry[0]).as_posix())}
    return [
        entry
        for entry in every
        if os.path.normpath(entry[0]) not in left_out and not (entry[2] == "SYMLINK" and _target(entry) in left_out)
    ]


def _target(link: Entry) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(link[0]), link[1]))
