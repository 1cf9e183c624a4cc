"""From a fresh checkout to a running nnviz, or to its tests, with one command:

python3 packaging/bootstrap.py run [FILE | EXPERIMENT | any nnviz command]
python3 packaging/bootstrap.py test [pytest options]

Makes .venv in the repository, installs the pinned packages into it, and starts. Running it again is
quick when nothing changed, and safe after an interruption. Needs nothing but Python.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this has not read pyproject.toml
    sys.exit("nnviz needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031

import ctypes
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"

# Shared libraries that the Qt wheels expect from a Linux system, as `ldd` lists them, with the packages
# that bring them: (apt, dnf, pacman).
QT_LIBRARIES = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl", "libglvnd"),
    "libGL.so.1": ("libgl1", "libglvnd-glx", "libglvnd"),
    "libX11.so.6": ("libx11-6", "libX11", "libx11"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs", "dbus"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype", "freetype2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2", "glib2"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libzstd.so.1": ("libzstd1", "libzstd", "zstd"),
}
# Needed besides to open a window under X11 (the platform plugin `xcb`).
X11_LIBRARIES = {
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb", "libx11"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb", "libxcb"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
}
INSTALLERS = (
    ("apt-get", "apt-get install -y --no-install-recommends"),
    ("dnf", "dnf install -y"),
    ("pacman", "pacman -S --needed"),
)


class BootstrapError(Exception):
    """One sentence about what stands in the way, and what to do."""


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in ("run", "test"):
        print(__doc__.strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    task, rest = arguments[0], arguments[1:]
    environment = Environment(ROOT / ".venv")
    try:
        check_libraries(task)
        environment.install({"test"} if task == "test" else set())
    except BootstrapError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bootstrap: interrupted; the same command goes on where this one stopped.", file=sys.stderr)
        return 130
    return start(environment.python, ["pytest" if task == "test" else "nnviz", *rest])


def start(python: Path, command: list[str]) -> int:
    """Run a module of an environment in this terminal and return its exit status."""
    say(" ".join(["python -m", *map(shlex.quote, command)]))
    process = subprocess.Popen([str(python), "-m", *command], cwd=ROOT if command[0] == "pytest" else None)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # it got the same Ctrl-C, and knows better how to end
            continue


# ---------------------------------------------------------------- what the system must have


def check_libraries(task: str) -> None:
    """Look for the libraries that Qt loads; install what is missing where that is possible, else name it."""
    if not sys.platform.startswith("linux"):
        return
    missing = [name for name in QT_LIBRARIES if not loads(name)]
    missing_x11 = [name for name in X11_LIBRARIES if task == "run" and not loads(name)]
    if missing or missing_x11:
        if can_install():
            try:
                system_install([packages[0] for packages in packages_of(missing + missing_x11)])
            except BootstrapError as error:  # without X11 there may be Wayland, or no window wanted
                say(str(error))
            missing = [name for name in missing if not loads(name)]
        if missing:
            raise BootstrapError(f"Qt needs {', '.join(missing)}. {advice(missing + missing_x11)}")
        missing_x11 = [name for name in missing_x11 if not loads(name)]
        if missing_x11:
            say(f"Without {', '.join(missing_x11)} no window opens under X11. {advice(missing_x11)}")


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def packages_of(libraries: list[str]) -> list[tuple[str, str, str]]:
    known = {**QT_LIBRARIES, **X11_LIBRARIES}
    return list(dict.fromkeys(known[name] for name in libraries))


def advice(libraries: list[str]) -> str:
    """Return the sentence that names the command which installs some libraries on this system."""
    for column, (tool, command) in enumerate(INSTALLERS):
        if shutil.which(tool):
            wanted = dict.fromkeys(packages[column] for packages in packages_of(libraries))
            return f"Install them with: sudo {command} {' '.join(wanted)}"
    return "Install the packages of your system that hold them."


def can_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def system_install(packages: list[str]) -> None:
    """Install Debian packages as root."""
    say(f"Installing {' '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], [*INSTALLERS[0][1].split(), "-qq", *packages]):
        if subprocess.run(command, env=quiet).returncode:
            raise BootstrapError(f"{' '.join(command)} failed; its own message is above.")


# ---------------------------------------------------------------- the environment


class Environment:
    """A virtual environment with nnviz and what it needs, in the versions that are pinned.

    An editable one runs the checkout itself; the other gets only what nnviz needs, and nnviz from whoever asks.
    """

    def __init__(self, folder: Path, editable: bool = True) -> None:
        self.folder, self.editable = folder, editable
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.stamp = folder / "nnviz-installed"

    def install(self, extras: set[str]) -> None:
        """Bring it up to date. The stamp is written last, so that an interruption is always noticed."""
        wanted, before = fingerprint(), self.read_stamp()
        if before is not None and before[0] == wanted and extras <= before[1] and self.python.exists():
            return
        if before is not None and before[0] == wanted:
            extras |= before[1]
        self.stamp.unlink(missing_ok=True)
        self.make()
        # torch alone comes first, in its pinned version, so that nothing else can draw in another one.
        self.pip("Installing torch", "torch")
        if self.editable:
            named = f"{ROOT}[{','.join(sorted(extras))}]" if extras else str(ROOT)
            self.pip("Installing nnviz and what it needs", "--editable", named)
        else:
            self.pip("Installing what nnviz needs", *requirements(extras))
        self.stamp.write_text("\n".join([wanted, *sorted(extras)]) + "\n", encoding="utf-8")

    def read_stamp(self) -> tuple[str, set[str]] | None:
        try:
            wanted, *extras = self.stamp.read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return None
        return wanted, set(extras)

    def make(self) -> None:
        """Make it, or keep the one that is there if it works and belongs to this Python."""
        same_version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
        works = self.python.exists() and subprocess.run([str(self.python), "-c", same_version]).returncode == 0
        has_pip = [str(self.python), "-c", "import pip"]
        if works and subprocess.run(has_pip, stderr=subprocess.DEVNULL).returncode == 0:
            return
        if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
            package = "python{}.{}-venv".format(*sys.version_info[:2])
            if not can_install():
                raise BootstrapError(
                    f"This Python lacks the module venv. On Debian and Ubuntu: sudo apt-get install {package}"
                )
            system_install([package])
        say(f"Making {self.folder.name} with Python {sys.version.split()[0]}")
        clear = [] if works or not self.folder.exists() else ["--clear"]
        if subprocess.run([sys.executable, "-m", "venv", *clear, str(self.folder)]).returncode:
            raise BootstrapError(f"{self.folder} could not be made; the message of venv is above.")

    def pip(self, what: str, *arguments: str) -> None:
        say(what)
        command = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
        if subprocess.run([*command, "--constraint", str(CONSTRAINTS), *arguments]).returncode:
            raise BootstrapError(f"{what} failed; pip's own message is above. The same command tries again.")


def fingerprint() -> str:
    """Return a hash of everything that decides what is installed, and where."""
    parts = [
        (ROOT / "pyproject.toml").read_bytes(),
        CONSTRAINTS.read_bytes(),
        repr((sys.version_info[:3], str(ROOT))).encode(),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def requirements(extras: set[str]) -> list[str]:
    """Return what pyproject.toml asks for, some of its extras included."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = list(project["dependencies"])
    for extra in sorted(extras):
        found += project["optional-dependencies"][extra]
    return found


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
