"""Uses a window as a person does, with keys, through xdotool."""

import shutil
import subprocess
import time

from frozen import App, SmokeError, need


def drive(app: App, *words: object, keys: tuple[str, ...] = ("space",), title: str = "nnviz") -> None:
    """Start the app, press keys in its window, and quit it. Raises SmokeError unless it ends with 0, saying nothing.

    `title` must be part of the window's title.
    """
    process = app.open(*words)
    try:
        focus(app, process, title)
        for key in keys:
            tool(app, "key", key)
            time.sleep(1.5)
        need(process.poll() is None, f"The window is gone after {', '.join(keys)}")
        tool(app, "key", "ctrl+q")
        _, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        raise SmokeError("The app does not quit.") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    need(process.returncode == 0, f"The window ended with {process.returncode}.\n{errors}")
    need("Traceback" not in errors, errors)


def focus(app: App, process: subprocess.Popen[str], title: str) -> None:
    """Wait for the window of a process and give it the keys. Raises SmokeError."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SmokeError(f"The app ended with {process.returncode}, without a window.\n{process.communicate()[1]}")
        numbers = tool(app, "search", "--onlyvisible", "--name", title, check=False).split()
        if numbers:
            tool(app, "windowfocus", numbers[-1])
            time.sleep(1.0)
            return
        time.sleep(0.2)
    raise SmokeError(f"No window is called {title!r}.")


def tool(app: App, *words: str, check: bool = True) -> str:
    """Run xdotool on the display of the app and return what it prints."""
    program = shutil.which("xdotool") or "xdotool"
    done = subprocess.run([program, *words], env={"DISPLAY": app.display}, capture_output=True, text=True, timeout=60)
    need(not check or done.returncode == 0, f"xdotool {' '.join(words)}: {done.stderr}")
    return done.stdout


def can_drive(app: App) -> bool:
    """Return whether there are a display and a tool to press keys on it."""
    return bool(app.display) and shutil.which("xdotool") is not None
