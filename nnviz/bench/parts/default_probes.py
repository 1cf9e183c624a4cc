"""The probes that a new window wants, asked of its views in a process of its own: asking needs an application."""

from __future__ import annotations

import json
import subprocess
import sys

from nnviz.bench import BenchmarkError
from nnviz.bench.parts.playing_window import environment


def default_probes() -> frozenset[str]:
    """Return the names of the probes that the network picture and the default views draw. Raises BenchmarkError."""
    command = [sys.executable, "-m", "nnviz.bench.parts.default_probes"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise BenchmarkError(f"The views failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return frozenset(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Be the child process: print the names as JSON."""
    from nnviz.gui import theme
    from nnviz.gui.app import application
    from nnviz.gui.arrangement import BELOW, RIGHT
    from nnviz.gui.network.picture import NetworkPicture
    from nnviz.gui.views import views

    app = application()  # kept: widgets need it alive
    shown = [views[name] for name in (*RIGHT, *BELOW) if name in views]
    needs = set(NetworkPicture(theme.DARK).needs).union(*(view.needs for view in shown))
    sys.stdout.write(json.dumps(sorted(needs)) + "\n")
    app.quit()


if __name__ == "__main__":
    main()
