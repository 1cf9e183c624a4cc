"""Makes what users install, from a fresh checkout, with one command:

python3 packaging/build.py [--only {app,archive,deb,installer,wheel} ...] [--smoke]

app        dist/nnviz: one folder that needs no Python (macOS: dist/nnviz.app)
archive    that folder as .tar.xz (Windows: .zip, macOS: .dmg)
deb        a package for Debian and Ubuntu, on Linux
installer  a setup program, on Windows with Inno Setup
wheel      a wheel and an sdist for pip

Without --only, everything that this system can make. --smoke then tries the app out, and the .deb if one was made
and may be installed. Works in build/, where its own virtual environment is kept for the next time.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import bootstrap
import deb
import icu
import sizes
import trim
from bootstrap import BootstrapError, say

ROOT = bootstrap.ROOT
BUILD, DIST = ROOT / "build", ROOT / "dist"
APP = DIST / ("nnviz.app" if sys.platform == "darwin" else "nnviz")
PARTS = {"linux": ("app", "archive", "deb", "wheel"), "win32": ("app", "archive", "installer", "wheel")}
CPU_ONLY = "import sys, torch; sys.exit(torch.version.cuda is not None or torch.version.hip is not None)"


def main(arguments: list[str]) -> int:
    possible = PARTS.get(sys.platform, ("app", "archive", "wheel"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=possible, default=possible, metavar="PART", help="make these only")
    parser.add_argument("--smoke", action="store_true", help="try out what was made")
    options = parser.parse_args(arguments)
    wanted = {*options.only, *(["app"] if {*options.only} != {"wheel"} or options.smoke else [])}
    try:
        build(wanted, options.smoke)
    except (BootstrapError, icu.IcuError, sizes.TooLargeError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"build: {' '.join(map(str, error.cmd))} ended with {error.returncode}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build(wanted: set[str], smoke: bool) -> None:
    """Make the wanted parts, from the environment to the archives.

    Raises BootstrapError, IcuError or CalledProcessError, and TooLargeError when something exceeds its budget.
    """
    began = time.monotonic()
    environment = prepare(wanted)
    wheel = make_wheel(environment.python)
    made = [wheel, make_sdist(environment.python)] if "wheel" in wanted else []
    if "app" in wanted:
        freeze(environment, wheel)
        say(f"Frozen in {time.monotonic() - began:.0f} s")
        print(sizes.report(APP), flush=True)
        sizes.check_app(APP)
    version = wheel.name.split("-")[1]
    if "archive" in wanted:
        made.append(archive(version))
    if "deb" in wanted:
        say("Making the .deb")
        made.append(deb.make(APP, DIST, BUILD / "deb", version))
    if "installer" in wanted:
        made.append(installer(version))
    for file in made:
        say(f"{file.relative_to(ROOT)}: {file.stat().st_size / sizes.MB:.1f} MB")
        sizes.check_package(file)
    if smoke:
        try_out(environment.python, next((file for file in made if file.suffix == ".deb"), None))


def prepare(wanted: set[str]) -> bootstrap.Environment:
    """Return the environment that builds, with everything in it, and see to what the system must have."""
    bootstrap.check_libraries("run")  # those that no Linux is sure to have go into the app
    if sys.platform == "linux":
        need_tools({**dict.fromkeys(("strip", "objdump", "objcopy", "as", "ld"), "binutils"), "xz": "xz-utils"})
    environment = bootstrap.Environment(BUILD / "venv", editable=False)
    environment.install({"frozen"})
    if "app" in wanted and subprocess.run([str(environment.python), "-c", CPU_ONLY]).returncode:
        raise BootstrapError(
            "This torch is built for graphics cards, which would make the app gigabytes large. Remove build/venv and "
            "let pip see PyTorch's index of CPU builds, for example through PIP_EXTRA_INDEX_URL."
        )
    return environment


def need_tools(tools: dict[str, str]) -> None:
    """Install Debian packages for the programs that are missing, or say what is missing."""
    missing = {name: package for name, package in tools.items() if shutil.which(name) is None}
    if missing and bootstrap.can_install():
        bootstrap.system_install(sorted(set(missing.values())))
    elif missing:
        raise BootstrapError(f"Install {', '.join(sorted(set(missing.values())))} first: {', '.join(missing)} missing.")


# ---------------------------------------------------------------- wheel and app


def make_wheel(python: Path) -> Path:
    """Return the wheel of this checkout, made anew."""
    say("Making the wheel")
    for old in DIST.glob("nnviz-*.whl"):
        old.unlink()
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    run(python, "-m", "pip", "wheel", *options, "--wheel-dir", DIST, ROOT)
    return next(DIST.glob("nnviz-*.whl"))


def make_sdist(python: Path) -> Path:
    """Return the sdist of this checkout, made anew."""
    for old in DIST.glob("nnviz-*.tar.gz"):
        old.unlink()
    run(python, "-m", "hatchling", "build", "--target", "sdist", "--directory", DIST)
    return next(DIST.glob("nnviz-*.tar.gz"))


def freeze(environment: bootstrap.Environment, wheel: Path) -> None:
    """Make the app of what is in the wheel."""
    options = ["--no-deps", "--force-reinstall", "--disable-pip-version-check", "--quiet"]
    run(environment.python, "-m", "pip", "install", *options, wheel)
    run(environment.python, ROOT / "packaging" / "icons.py", BUILD / "icons")
    say("Freezing (some two minutes)")
    work = BUILD / "pyinstaller"
    options = ["--noconfirm", "--log-level=WARN", f"--distpath={DIST}", f"--workpath={work}"]
    run(environment.python, "-m", "PyInstaller", *options, ROOT / "packaging" / "nnviz.spec")
    shutil.rmtree(work)
    if sys.platform == "linux":
        trim.strip(APP)
        icu.trim(APP)
        say(f"Left out, as nothing needs them: {', '.join(trim.drop_unreached(APP)) or 'nothing'}")
    inside = APP / "Contents" / "Resources" if sys.platform == "darwin" else APP
    run(environment.python, ROOT / "packaging" / "licenses.py", APP, inside / "licenses")


def run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT)


# ---------------------------------------------------------------- archives


def archive(version: str) -> Path:
    """Return the app as one file that is unpacked by hand."""
    say("Making the archive (a minute or two)")
    if sys.platform == "linux":
        made = DIST / f"nnviz-{version}-{sys.platform}-{os.uname().machine}.tar.xz"
        compress = {**os.environ, "XZ_OPT": "-6 -T0"}
        owner = ["--owner=0", "--group=0", "--numeric-owner"]
        subprocess.run(["tar", *owner, "-C", str(DIST), "-cJf", str(made), APP.name], check=True, env=compress)
        return made
    if sys.platform == "darwin":
        made = DIST / f"nnviz-{version}.dmg"
        run("hdiutil", "create", "-volname", "nnviz", "-srcfolder", APP, "-ov", "-format", "ULMO", made)
        return made
    return Path(shutil.make_archive(str(DIST / f"nnviz-{version}-windows"), "zip", DIST, APP.name))


def installer(version: str) -> Path:
    """Return the setup program for Windows. Raises BootstrapError without Inno Setup."""
    compiler = shutil.which("iscc") or shutil.which("iscc", path=r"C:\Program Files (x86)\Inno Setup 6")
    if compiler is None:
        raise BootstrapError("Inno Setup is not installed, which makes the setup program.")
    run(compiler, f"/DVersion={version}", ROOT / "packaging" / "windows.iss")
    return DIST / f"nnviz-{version}-setup.exe"


def try_out(python: Path, package: Path | None) -> None:
    """Run the smoke test on the app, and on the .deb."""
    smoke = ROOT / "packaging" / "smoke.py"
    if sys.platform == "linux":
        if bootstrap.can_install() and not (shutil.which("Xvfb") and shutil.which("xdotool")):
            try:
                bootstrap.system_install(["xvfb", "xdotool"])
            except BootstrapError as error:  # the steps that press keys are left out, and say so
                say(str(error))
        run(sys.executable, smoke, "--source", python)
        if package is not None:
            run(sys.executable, ROOT / "packaging" / "smoke_deb.py", package)
    else:
        run(sys.executable, smoke, "--source", python)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
