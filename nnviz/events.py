"""What happened to a run, in words: events on its timeline, and the names of runs that come from others."""

from __future__ import annotations

from nnviz.experiment import Experiment
from nnviz.history.history import Event, History
from nnviz.settings import Change
from nnviz.words import layers_in_words


def fork_name(changes: tuple[Change, ...], epoch: int) -> str:
    """Return a short name for a fork: what is different, and from where on."""
    words = _in_words(tuple(change for change in changes if matters(change)))
    return f"{words} from {epoch:,}" if words else f"from {epoch:,}"


def matters(change: Change) -> bool:
    """Say whether a change has any bearing on training: names and what is drawn have none."""
    return not change.path.startswith("data.plane") and change.path not in ("name", "description")


def note(history: History, event: Event, change: Change | None = None) -> None:
    """Add an event; a slider that is dragged, or a stroke that is drawn, leaves one event and not a hundred."""
    last = history.events[-1] if history.events else None
    near = event.epoch // 50 if event.kind == "setting" else max(10, event.epoch // 50)
    if last is None or (last.kind, last.path) != (event.kind, event.path) or event.epoch - last.epoch > near:
        history.events.append(event)
    elif change is None:
        history.events[-1] = event
    else:
        whole = Change(change.path, last.before, change.after, change.title, change.live)
        history.events[-1] = Event(event.epoch, str(whole), event.kind, event.path, last.before)


def summary(changes: tuple[Change, ...], experiment: Experiment) -> str:
    """Return a short name for a run that differs from the one before it."""
    if not changes or any(change.path == "name" for change in changes):
        return experiment.name
    return _in_words(changes)


def _in_words(changes: tuple[Change, ...]) -> str:
    """Return the first change, and how many more there are; points that were drawn count as one."""
    words: list[str] = []
    for change in changes:
        if change.path == "network.layers":
            words += layers_in_words(change.before, change.after)
        else:
            words.append("Points drawn" if isinstance(change.after, bytes) else str(change))
    words = list(dict.fromkeys(words))
    return f"{words[0]} and {len(words) - 1} more" if len(words) > 1 else "".join(words)
