"""Collects the licences of everything in a frozen app: of Python packages, of Python itself, of system libraries.

Runs in the environment that the app was made in: licenses.py APP FOLDER
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

_TEXT = re.compile(r"(LICEN[SC]E|COPYING|NOTICE|AUTHORS|ThirdParty|THIRD)", re.IGNORECASE)
_TEXTS = Path(__file__).resolve().parent / "license_texts"
"""Texts of licences by their SPDX names."""

_BESIDES = ("pyinstaller", "pyinstaller-hooks-contrib")
"""What is in every frozen app without being imported: the program that starts it, and its hooks."""


def main(app: Path, folder: Path) -> None:
    """Write the licences of what is in `app` into `folder`, with a list of it all."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = [of_python(folder)]
    lines += [of_distribution(found, folder) for found in bundled(app)]
    lines += of_system_libraries(app, folder)
    text = "What this app is made of, and the license of each part; the texts are in this folder.\n\n"
    (folder / "README.txt").write_text(text + "\n".join(sorted(lines, key=str.lower)) + "\n", encoding="utf-8")


def bundled(app: Path) -> list[Distribution]:
    """Return the Python packages that an app was made of."""
    names = {file.name.partition("-")[0] for file in app.rglob("*.dist-info")} | {*_BESIDES}
    found = []
    for name in sorted(names):
        try:
            found.append(distribution(name))
        except PackageNotFoundError:
            sys.exit(f"{name} is in the app but not in the environment that it was made in")
    return found


def of_distribution(found: Distribution, folder: Path) -> str:
    """Copy the licence texts of one Python package; return its line in the list."""
    name, metadata = found.metadata["Name"], found.metadata
    target = folder / name
    target.mkdir()
    for file in found.files or []:
        if ".dist-info/" in str(file) and _TEXT.search(str(file).partition(".dist-info/")[2]):
            written = target / str(file).partition(".dist-info/")[2].removeprefix("licenses/").replace("/", "-")
            shutil.copyfile(str(found.locate_file(file)), written)
    stated = metadata.get("License-Expression") or classifiers(found) or metadata.get("License") or "see its files"
    if not any(target.iterdir()):  # some packages only name their license
        for text in _TEXTS.glob("*.txt"):
            if text.stem in stated:
                shutil.copyfile(text, target / text.name)
        (target / "LICENSE.txt").write_text(f"{name} {found.version}: {stated}\n{page(found)}\n", encoding="utf-8")
    return f"{name} {found.version}: {' '.join(stated.split())[:80]}"


def classifiers(found: Distribution) -> str:
    """Return the licence as the classifiers of a package state it."""
    stated = [value for value in found.metadata.get_all("Classifier") or [] if value.startswith("License")]
    return ", ".join(value.rpartition(" :: ")[2] for value in stated)


def page(found: Distribution) -> str:
    """Return where a package is published, as it says itself."""
    pages = [*(found.metadata.get_all("Project-URL") or []), found.metadata.get("Home-page") or ""]
    return "\n".join(value for value in pages if value)


def of_python(folder: Path) -> str:
    """Copy the licence of Python itself; return its line in the list."""
    here = Path(sys.base_prefix)
    library = Path(sysconfig.get_path("stdlib"))
    for file in (library / "LICENSE.txt", here / "LICENSE.txt", Path("/usr/share/doc/python3/copyright")):
        if file.exists():
            (folder / "Python").mkdir()
            shutil.copyfile(file, folder / "Python" / "LICENSE.txt")
            break
    return f"Python {sys.version.split()[0]}: PSF-2.0"


def of_system_libraries(app: Path, folder: Path) -> list[str]:
    """Copy the copyright files of the Debian packages that libraries in the app come from; return their lines."""
    found = [file for file in (app / "_internal").glob("*.so*") if not file.is_symlink()]  # links lead into wheels
    names = sorted(file.name for file in found if not file.name.startswith("libpython"))
    if shutil.which("dpkg-query") is None:
        return [f"{name}: a library of the system that the app was made on" for name in names]
    lines = []
    for name in names:
        said = subprocess.run(["dpkg-query", "-S", f"*/{name}"], capture_output=True, text=True).stdout
        package = said.partition(":")[0] or "unknown"
        lines.append(f"{name}: from the Debian package {package}")
        copyright_file = Path("/usr/share/doc") / package / "copyright"
        if copyright_file.exists() and not (folder / package).exists():
            (folder / package).mkdir()
            shutil.copyfile(copyright_file, folder / package / "copyright")
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
