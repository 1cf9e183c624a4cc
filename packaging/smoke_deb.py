"""Installs the .deb, starts the app by its menu entry, removes it, and looks for traces: smoke_deb.py FILE.deb

Needs root and a Debian or Ubuntu, where it installs the packages that the .deb depends on; elsewhere it says so.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import bootstrap
import window
from frozen import App, SmokeError, app, need

FOLDERS = ("/opt", "/usr", "/etc", "/var/lib")
KEPT_BY_OTHERS = ("/var/lib/dpkg/", "/var/lib/apt/", "/usr/share/mime/", "/usr/share/man/")
"""Where dpkg keeps its books, and caches that others make again; what lies there is compared for the name nnviz."""

ENTRY = Path("/usr/share/applications/nnviz.desktop")


def main(package: Path) -> int:
    if not bootstrap.can_install() or shutil.which("dpkg") is None:
        print("  – the .deb is not installed: that takes root, on a Debian")
        return 0
    try:
        depended(package)
        before = everything()
        try:
            install(package)
        finally:
            run("dpkg", "--purge", "nnviz")
        left = sorted(everything() - before)
        need(not left, f"The package leaves behind: {', '.join(left[:10])}")
    except (SmokeError, subprocess.CalledProcessError) as error:
        print(f"  ✗ {error}")
        return 1
    print("  ✓ the .deb installs, starts by its menu entry, and leaves nothing behind")
    return 0


def depended(package: Path) -> None:
    """Install what the package depends on, which is not part of the comparison."""
    stated = output("dpkg-deb", "--field", str(package), "Depends")
    names = [part.split("|")[-1].split("(")[0].strip() for part in stated.split(",")]
    missing = [name for name in names if "install ok installed" not in output("dpkg-query", "-Wf${Status}", name)]
    if missing:
        bootstrap.system_install(missing)


def install(package: Path) -> None:
    """Install the package and try what it puts into menus, file types and manuals."""
    run("dpkg", "--install", str(package))
    line = next(row for row in ENTRY.read_text(encoding="utf-8").splitlines() if row.startswith("Exec="))
    command = [word for word in shlex.split(line.removeprefix("Exec=")) if not word.startswith("%")]
    need(Path(command[0]).exists(), f"The menu starts {command[0]}, which is not there.")
    with app(Path(command[0])) as started:
        need("nnviz" in started.run("--version"), "The installed program does not say its version.")
        started.run("train", "circles", "--epochs", 5, "--quiet")
        opened(started)
    need(Path("/opt/nnviz/licenses/README.txt").exists(), "The licenses are not where the app has them.")
    need("application/x-nnviz" in Path("/usr/share/mime/globs").read_text(encoding="utf-8"), ".nnviz has no type.")
    need(output("gzip", "-dc", "/usr/share/man/man1/nnviz.1.gz").startswith(".TH NNVIZ"), "There is no manual.")


def opened(started: App) -> None:
    """Open the window and close it again."""
    if window.can_press(started):
        with window.opened(started) as keys:
            keys.focus("nnviz")
            keys.press("space")
    else:
        print("  – no window was opened: it takes Xvfb and xdotool")


def everything() -> set[str]:
    """Return the paths of all files and folders that an installation could have left behind."""
    found = set()
    for top in FOLDERS:
        for folder, names, others in os.walk(top):
            found.update(os.path.join(folder, name) for name in [*names, *others])
    return {path for path in found if "nnviz" in path or not path.startswith(KEPT_BY_OTHERS)}


def run(*command: str) -> None:
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    )


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, encoding="utf-8").stdout


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
