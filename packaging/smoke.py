"""Tries out the frozen app as its users would: smoke.py [--app PROGRAM] [--source PYTHON]

Every step starts the app with nothing of this machine on its path. The counts of what is registered are compared
with those of the source tree, asked of PYTHON, an interpreter that has nnviz.
"""

import argparse
import csv
import itertools
import json
import math
import shutil
import struct
import subprocess
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import window
from frozen import App, SmokeError, app, need

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {"win32": "nnviz/nnviz.exe", "darwin": "nnviz.app/Contents/MacOS/nnviz"}
PROGRAM = ROOT / "dist" / PROGRAMS.get(sys.platform, "nnviz/nnviz")
BEGINNINGS = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}
BUNDLED = ("iris", "wine", "breast-cancer", "diabetes")
DIFFERENT = ("iris", "digits", "sine")
"""Experiments of which at least one has something to show in any view: classes, pictures, and a curve."""

WAITS = (2, 10, 40)
"""Seconds given to the window to read a short table and to make its network: more on a machine that is busy."""

WITHOUT_KEYS = "left out: it takes Xvfb and xdotool"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", type=Path, default=PROGRAM, help="the program (default: the one in dist)")
    parser.add_argument("--source", default=sys.executable, help="a Python that has nnviz (default: this one)")
    options = parser.parse_args(arguments)
    steps: list[tuple[str, Callable[[App], str]]] = [
        ("says its version and commands", lambda app: version(app, options.source)),
        ("keeps its kernels for the next start", kernels),
        ("computes correctly, and has all that the source has", lambda app: check(app, options.source)),
        ("trains a convolutional network", convolutional),
        ("trains on the bundled data", bundled),
        ("learns from a CSV file", table),
        ("saves and reopens an experiment", reopened),
        ("repeats, forks and compares saved runs", projects),
        ("writes every view as PNG, SVG, PDF and CSV", exports),
        ("shows every view in its window", pictures),
        ("sweeps, and says what clusters need", sweeps),
        ("shows every page of its laboratory", laboratory),
        ("opens, plays and quits by the keyboard", keyboard),
        ("imports a CSV file by the keyboard", table_dialog),
        ("starts itself, and modules of its own", children),
        ("answers a mistake with a sentence", mistake),
    ]
    with app(options.app.resolve()) as started:
        return sum(not tried(name, step, started) for name, step in steps) and 1


def tried(name: str, step: Callable[[App], str], app: App) -> bool:
    """Take one step, say how it went, and return whether it went well."""
    began = time.monotonic()
    try:
        note = step(app)
    except (SmokeError, OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
        detail = str(error) if isinstance(error, SmokeError) else traceback.format_exc()
        print(f"  ✗ {name}: {detail}", flush=True)
        return False
    print(f"  ✓ {name} ({time.monotonic() - began:.1f} s{note and '; '}{note})", flush=True)
    return True


# ---------------------------------------------------------------- steps


def version(app: App, source: str) -> str:
    for words in (["--version"], ["--help"]):
        theirs = subprocess.run([source, "-m", "nnviz", *words], cwd=ROOT, capture_output=True, encoding="utf-8").stdout
        need(app.run(*words).split() == theirs.split(), f"nnviz {words[0]} says other things than the source.")
    return ""


def check(app: App, source: str) -> str:
    """Run the self-tests there and count what is registered on both sides."""
    there = json.loads(app.run("check", "--quick", "--json"))
    code = "import json; from nnviz import installation; print(json.dumps(installation.registries()))"
    said = subprocess.run([source, "-c", code], cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout
    here = json.loads(said.splitlines()[-1])
    need(there["ok"], f"Self-tests failed: {[each for each in there['checks'] if each['status'] == 'failed']}")
    need(there["machine"]["frozen"], "This is not the frozen app.")
    need(there["registries"] == here, f"Registered there {there['registries']}, here {here}")
    need(there["engine"]["compiled"], f"The compiled engine does not run: {there['engine']['problem']}")
    resources = Path(there["paths"]["resources"])
    need(resources.is_relative_to(app.program.resolve().parents[1]), f"Resources are not the app's: {resources}")
    return f"{len(there['checks'])} comparisons, {sum(here.values())} members of {len(here)} registries"


def kernels(app: App) -> str:
    """Compile in the cache folder, then load from there: no file may change."""
    (first, slow), kept = trained(app, "circles", "--epochs", 200), files(app.home / "cache")
    (second, quick), after = trained(app, "circles", "--epochs", 200), files(app.home / "cache")
    need(any(name.endswith(".nbc") for name in kept), "No kernels were kept in the cache folder.")
    need(kept == after, "The second start compiled again.")
    need(first["engine"] == second["engine"] == "compiled", f"{first['engine']} trained, not the compiled engine.")
    need(first["train_loss"] == second["train_loss"], "The same experiment gave other numbers.")
    others = sorted(path.name for path in app.home.rglob("*.nb[ci]") if app.home / "cache" not in path.parents)
    need(not others, f"Kernels outside of the cache folder: {others}")
    return f"{sum(name.endswith('.nbc') for name in kept)} kernels; {slow:.1f} s, then {quick:.1f} s"


def convolutional(app: App) -> str:
    """Train the digits, whose network is convolutional, and a dense network on PyTorch."""
    summary, _ = trained(app, "digits", "--epochs", 3)
    need(summary["engine"] == "torch" and summary["train_error"] < 0.2, f"The digits were not learned: {summary}")
    dense, _ = trained(app, "circles", "--epochs", 20, "--set", "training.engine=torch")
    need(dense["engine"] == "torch" and math.isfinite(dense["train_loss"]), f"Not trained: {dense}")
    return f"error {summary['train_error']:.1%} after 3 epochs"


def bundled(app: App) -> str:
    for name in BUNDLED:
        summary, _ = trained(app, name, "--epochs", 20)
        need(summary["epoch"] == 20, f"{name} was not trained: {summary}")
    return ", ".join(BUNDLED)


def table(app: App) -> str:
    write_table(app.home / "cities.csv")
    summary, _ = trained(app, "cities.csv", "--target", "size", "--epochs", 200)
    need(summary["train_error"] < 0.05, f"The table was not learned: {summary}")
    return f"error {summary['train_error']:.1%}"


def reopened(app: App) -> str:
    """Save an experiment as TOML, train it from the file, and expect the same numbers in every epoch."""
    app.run("train", "spirals", "--epochs", 30, "--seed", 7, "--out", "saved", "--quiet")
    shutil.copy(app.home / "saved" / "spirals.experiment.toml", app.home / "mine.nnviz")
    app.run("train", "mine.nnviz", "--epochs", 30, "--out", "again", "--quiet")
    first, second = (next((app.home / folder).glob("*.history.csv")).read_bytes() for folder in ("saved", "again"))
    need(first == second and first.count(b"\n") == 31, "The saved experiment gives other numbers.")
    return ""


def projects(app: App) -> str:
    """Repeat an epoch of the run that was saved, go on from there with another setting, and say what is different."""
    saved, epoch = "saved/spirals.nnviz", 12
    again = json.loads(app.run("replay", saved, "--epoch", epoch, "--json").splitlines()[-1])
    straight, _ = trained(app, "spirals", "--seed", 7, "--epochs", epoch)
    need(again["parameters_sha256"] == straight["parameters_sha256"], "A repeated epoch has other parameters.")
    changed = ("--set", "training.weight_decay=0.01", "--epochs", 5)
    app.run("fork", saved, "--epoch", epoch, *changed, "--name", "decayed", "--out", "forked")
    said = app.run("diff", "forked/decayed.nnviz:1", "forked/decayed.nnviz:2")
    need("weight decay" in said.lower(), f"What is different is said to be: {said}")
    return said.strip()


def exports(app: App) -> str:
    """Write all views as one figure per format, and each as a table."""
    views, wide = names_of_views(app), ("--preset", "paper-page")
    for ending, beginning in BEGINNINGS.items():
        out = app.home / f"figure.{ending}"
        app.run("export", "iris", "--epochs", 30, "--view", ",".join(views), "--columns", 3, *wide, "--out", out)
        need(out.read_bytes().startswith(beginning), f"{out.name} is not {ending.upper()}.")
    for view in views:
        need(any(has_numbers(app, view, experiment) for experiment in DIFFERENT), f"There are no numbers of {view}.")
    return f"{len(views)} views"


def has_numbers(app: App, view: str, experiment: str) -> bool:
    """Write a view as a table and return whether there is anything in it: not every view has to do with every task."""
    out = app.home / f"{view}-{experiment}.csv"
    app.run("export", experiment, "--epochs", 5, "--view", view, "--out", out)
    rows = list(csv.reader(out.read_text(encoding="utf-8").splitlines()))
    return len(rows) > 1 and len(rows[0]) > 1


def names_of_views(app: App) -> list[str]:
    """Return the names of the views, as the app lists them."""
    listed = app.run("export", "--list").partition("views:\n")[2].splitlines()
    names = [line.split()[0] for line in itertools.takewhile(lambda line: line.startswith(" "), listed)]
    need(len(names) >= 5, f"These are all views: {names}")
    return names


def pictures(app: App) -> str:
    """Open every view in the window, before and after some training: what is drawn in it must have changed."""
    missing = views = names_of_views(app)
    for experiment in (*DIFFERENT, "cities.csv"):
        after = taken(app, experiment, 3, missing)
        before = taken(app, experiment, 0, missing) if missing else {}
        missing = [view for view in missing if drawn(before[view]) == drawn(after[view])]
    need(not missing, f"Training changes nothing in these views: {', '.join(missing)}")
    return f"{len(views)} views {'under X11' if app.display else 'drawn into memory'}"


def sweeps(app: App) -> str:
    """Sweep two settings, and through the peak of double descent; clusters and Optuna are not in the app."""
    vary = ("--vary", "network.layers[0].units=2,4", "--vary", "training.learning_rate=0.01,0.1")
    lines = app.run("sweep", "circles", *vary, "--epochs", 20, "--out", app.home / "sweep", "--json").splitlines()
    need(json.loads(lines[-1])["final"], f"The last line of a sweep is {lines[-1]}")
    need((app.home / "sweep" / "results.parquet").exists(), "A sweep left no results.")
    found = json.loads(app.run("sweep", "double-descent", "--seeds", 1, "--epochs", 200, "--json").splitlines()[-1])
    need(len(found["test_loss"]) == len(found["n_parameters"]) == 16, f"The double descent has gaps: {found}")
    app.run("sweep", "circles", *vary, "--epochs", 2, "--backend", "dask", "--address", "tcp://127.0.0.1:1", status=2)
    return f"96 networks would take about {found['seconds'] * 6 * 15:.0f} s"


def laboratory(app: App) -> str:
    """Have every page of the laboratory train, and look at its picture."""
    out = app.home / "lab.png"
    app.run("screenshot", "noisy-labels", "--epochs", 20, "--page", "all", "--out", out)
    pages = sorted(out.parent.glob("lab-*.png"))
    need(len(pages) >= 10, f"These are all pages: {pages}")
    small = [page.name for page in pages if page.stat().st_size < 20_000]
    need(not small, f"There is little to see on {small}")
    return f"{len(pages)} pages"


def taken(app: App, experiment: str, epochs: int, views: list[str]) -> dict[str, Path]:
    """Train in the window, have it paint pictures of itself and of views in it, and return those of the views."""
    out = app.home / f"window-{epochs}.png"
    wanted = ("--view", ",".join(views)) if views else ()
    out.unlink(missing_ok=True)
    app.run("screenshot", experiment, "--epochs", epochs, *wanted, "--out", out)
    need(out.stat().st_size > 50_000, f"The window of {experiment} is empty.")
    return {view: out.with_stem(f"{out.stem}-{view}") for view in views}


def drawn(picture: Path) -> bytes:
    """Return the rows of a PNG file as they are compressed there, without the upper third, where the titles are."""
    content, parts, at = picture.read_bytes(), [], 8
    while at < len(content):
        (length,), sort = struct.unpack_from(">I", content, at), content[at + 4 : at + 8]
        parts += [content[at + 8 : at + 8 + length]] if sort == b"IDAT" else []
        at += length + 12
    rows = zlib.decompress(b"".join(parts))
    return rows[len(rows) // 3 :]


def keyboard(app: App) -> str:
    """Play, step and reset; change the theme, which must be remembered; open what is bundled and what was saved."""
    if not window.can_press(app):
        return WITHOUT_KEYS
    with window.opened(app) as keys:
        keys.focus("nnviz")
        keys.press("space", "space", "ctrl+Right", "g", "ctrl+t", "ctrl+r")
    settings = next(app.home.rglob("nnviz.conf"), None)
    need(settings and "theme=" in settings.read_text(encoding="utf-8"), "Ctrl+T did not change the theme.")
    for file, title, key in (
        ("digits", "digits", "space"),
        ("mine.nnviz", "spirals", "space"),
        ("saved/spirals.nnviz", "spirals.nnviz", "Left"),  # a project, and one epoch back in it
    ):
        with window.opened(app, file) as keys:
            keys.focus(title)
            keys.press(key)
    return "three experiments and a project"


def table_dialog(app: App) -> str:
    """Import a table, with as much patience as it takes: no key shows whether something has been read or trained."""
    if not window.can_press(app):
        return WITHOUT_KEYS
    *shorter, longest = WAITS
    for wait in shorter:
        with suppress(SmokeError):
            return imported(app, wait)
    return imported(app, longest)


def imported(app: App, wait: int) -> str:
    """Open a table, choose another target than the suggested one, take it, save, train one epoch, and save again."""
    saved = app.home / f"by-keys-{wait}.nnviz"
    with window.opened(app, "cities.csv") as keys:
        keys.focus("Open table")
        time.sleep(wait)
        keys.press("Up")
        keys.answer("Open table", "Return")
        keys.focus("cities")
        time.sleep(wait)
        keys.press("ctrl+s")
        keys.focus("Save project")
        keys.type(str(saved))
        keys.answer("Save project", "Return")
        keys.focus(f"{saved.name} – nnviz")
        keys.press("ctrl+Right")
        keys.focus(f"{saved.name}* – nnviz")
        keys.press("ctrl+s")
        keys.focus(f"{saved.name} – nnviz")
    said = app.run("diff", "cities.csv", saved)
    need("kind" in said, f"The keys do not choose another target than the suggested one: {said}")
    app.run("replay", saved, "--epoch", 1)
    return f"after {wait} s; {said.splitlines()[0]}"


def children(app: App) -> str:
    """Have the app start itself, once as it measures its start and once as Python starts a module of torch."""
    seconds = float(app.run("--startup-time"))
    need(0.0 < seconds < 60.0, f"Its first window took {seconds} s.")
    app.run("-m", "torch.version")
    return f"first window after {seconds:.2f} s"


def mistake(app: App) -> str:
    app.run("train", "no-such-experiment", status=2)
    return ""


# ---------------------------------------------------------------- what steps share


def trained(app: App, *words: object) -> tuple[dict[str, float], float]:
    """Train and return the summary, and the seconds that the process took."""
    began = time.monotonic()
    lines = app.run("train", *words, "--json", "--quiet").splitlines()
    return json.loads(lines[-1]), time.monotonic() - began


def files(folder: Path) -> dict[str, int]:
    """Return when the files below a folder were last written, by path."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.nb[ci]")}


def write_table(path: Path) -> None:
    """Write a table with a category, a gap and a target that follows from two numbers."""
    rows = ["north,south,kind,size"]
    for i in range(120):
        a, b = math.sin(i * 1.7), math.cos(i * 2.3)
        rows.append(f"{a:.3f},{b:.3f},{'red' if i % 3 else 'blue'},{'large' if a + b > 0 else 'small'}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
