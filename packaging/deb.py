"""Makes a Debian package of a frozen app: the app in /opt, and what desktops and shells look for in /usr."""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import bootstrap
import manual

ROOT = bootstrap.ROOT
MAINTAINER = "nnviz contributors <contributors@nnviz.invalid>"

DESKTOP = """[Desktop Entry]
Type=Application
Name=nnviz
GenericName=Neural network laboratory
Comment=See a neural network learn and overfit
Exec=/usr/bin/nnviz %f
Icon=nnviz
Terminal=false
StartupWMClass=nnviz
Categories=Education;Science;ArtificialIntelligence;
Keywords=neural network;deep learning;overfitting;
MimeType=application/x-nnviz;
"""

MIME = """<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="application/x-nnviz">
    <comment>nnviz experiment</comment>
    <sub-class-of type="text/plain"/>
    <icon name="application-x-nnviz"/>
    <glob pattern="*.nnviz"/>
  </mime-type>
</mime-info>
"""

CONTROL = """Package: nnviz
Version: {version}
Section: education
Priority: optional
Architecture: {architecture}
Installed-Size: {size}
Depends: {depends}
Maintainer: {maintainer}
Description: see a neural network learn and overfit
 Draw or load data, build a network layer by layer, train it live, and watch
 weights, gradients, representations and the gap between training and test
 error while it happens. Brings its own Python, PyTorch and Qt.
"""


def make(app: Path, dist: Path, work: Path, version: str) -> Path:
    """Return the package of an app, made in the folder `work`. Raises CalledProcessError."""
    bootstrap_tools()
    shutil.rmtree(work, ignore_errors=True)
    tree = work / "tree"
    copy_app(app, tree / "opt" / "nnviz")
    for name, content in files(app, version).items():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "usr" / "bin" / "nnviz").symlink_to("../../opt/nnviz/nnviz")
    shutil.move(tree / "opt" / "nnviz" / "licenses", tree / "usr" / "share" / "doc" / "nnviz" / "licenses")
    (tree / "opt" / "nnviz" / "licenses").symlink_to("/usr/share/doc/nnviz/licenses")
    write_control(tree, version, depends(app))
    made = dist / f"nnviz_{version}_{architecture()}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", str(tree), str(made)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(work)
    return made


def bootstrap_tools() -> None:
    """Raise BootstrapError where packages cannot be made."""
    if shutil.which("dpkg-deb") is None:
        raise bootstrap.BootstrapError("A .deb needs dpkg-deb; choose other parts with --only on this system.")


def copy_app(app: Path, target: Path) -> None:
    """Copy the app, as hard links where that is possible."""
    target.parent.mkdir(parents=True)
    if subprocess.run(["cp", "-al", str(app), str(target)], stderr=subprocess.DEVNULL).returncode:
        subprocess.run(["cp", "-a", str(app), str(target)], check=True)


def files(app: Path, version: str) -> dict[str, bytes]:
    """Return what lies outside of the app: contents by path."""
    icon = (ROOT / "resources" / "icons" / "app.svg").read_bytes()
    hicolor = "usr/share/icons/hicolor"
    changes = (ROOT / "CHANGELOG.md").read_bytes()
    found = {
        "usr/share/applications/nnviz.desktop": DESKTOP.encode(),
        "usr/share/mime/packages/nnviz.xml": MIME.encode(),
        "usr/share/man/man1/nnviz.1.gz": gzip.compress(manual.page(app / "nnviz", version).encode(), mtime=0),
        "usr/share/doc/nnviz/copyright": copyright_text(app).encode(),
        "usr/share/doc/nnviz/changelog.gz": gzip.compress(changes, mtime=0),
        f"{hicolor}/scalable/apps/nnviz.svg": icon,
        f"{hicolor}/scalable/mimetypes/application-x-nnviz.svg": icon,
    }
    for file in (ROOT / "build" / "icons").glob("nnviz-*.png"):
        size = file.stem.partition("-")[2]
        found[f"{hicolor}/{size}x{size}/apps/nnviz.png"] = file.read_bytes()
    return found


def copyright_text(app: Path) -> str:
    """Return the licence of nnviz, its notices, and the list of everything else with where its licence is."""
    parts = [(ROOT / name).read_text(encoding="utf-8") for name in ("LICENSE", "NOTICE")]
    listed = (app / "licenses" / "README.txt").read_text(encoding="utf-8")
    return "\n".join([*parts, listed.replace("in this folder", "in /usr/share/doc/nnviz/licenses")])


def depends(app: Path) -> str:
    """Return the packages with libraries that Qt needs and the app does not bring."""
    inside = {file.name for file in (app / "_internal").glob("*.so*")}
    libraries = {**bootstrap.QT_LIBRARIES, **bootstrap.X11_LIBRARIES}
    wanted = {packages[0] for name, packages in libraries.items() if name not in inside}
    # On newer systems the package of GLib has another name; X11 is reached through libxcb, which no app brings.
    wanted = {"libglib2.0-0t64 | libglib2.0-0" if name == "libglib2.0-0" else name for name in wanted}
    return ", ".join(["libc6 (>= " + glibc(app) + ")", "libxcb1", *sorted(wanted)])


def glibc(app: Path) -> str:
    """Return the oldest version of the C library that everything in an app runs with."""
    newest = (2, 17)
    for file in [app / "nnviz", *app.rglob("*.so*")]:
        if file.is_symlink():
            continue
        said = subprocess.run(["objdump", "-p", str(file)], capture_output=True, text=True).stdout
        newest = max(newest, *((int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", said)), newest)
    return f"{newest[0]}.{newest[1]}"


def architecture() -> str:
    """Return what Debian calls this machine's processor."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def write_control(tree: Path, version: str, needed: str) -> None:
    """Write what dpkg reads: the description of the package and the checksums of its files."""
    control = tree / "DEBIAN"
    listed = sorted(file for file in tree.rglob("*") if file.is_file() and not file.is_symlink())
    size = sum(file.stat().st_size for file in listed) // 1024
    control.mkdir()
    text = CONTROL.format(
        version=version, architecture=architecture(), size=size, depends=needed, maintainer=MAINTAINER
    )
    (control / "control").write_text(text, encoding="utf-8")
    with open(control / "md5sums", "w", encoding="utf-8") as sums:
        for file in listed:
            with open(file, "rb") as content:
                digest = hashlib.file_digest(content, "md5").hexdigest()
            sums.write(f"{digest}  {file.relative_to(tree)}\n")
    for folder, names, others in os.walk(tree):
        for name in [*names, *others]:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


if __name__ == "__main__":
    sys.exit("Run packaging/build.py --only deb.")
