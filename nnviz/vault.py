"""The test vault: whether results on the test part are hidden, and how often it was looked at and chosen by.

A **look** is one experiment whose test error was shown: the first time that a run with some settings has trained and
its test error could be read. To watch the same training on is the same look; to change a setting that matters, to begin
with another seed, or to open another run is another one. A **selection** is a choice that was made by the test part: to
go to the epoch of the smallest test loss, to stop early by it, to rank cures, twins or points of a sweep by test error.
Looks spoil a test part because selections follow them, often unnoticed, in the head of whoever looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

EventKind = Literal["look", "selection", "locked", "opened"]

MOST = 2_000
"""Events that are kept in the log, the newest; all are counted."""


@dataclass(frozen=True)
class VaultEvent:
    """What happened at a moment, in seconds since 1970: to which run, and in words what."""

    time: float
    kind: EventKind
    run: str
    text: str


@dataclass(frozen=True)
class Vault:
    """The state of the vault. `seen` are short texts that name the experiments that were looked at."""

    locked: bool = False
    looks: int = 0
    selections: int = 0
    events: tuple[VaultEvent, ...] = ()
    seen: frozenset[str] = frozenset()

    def looked(self, key: str, time: float, run: str, text: str) -> Vault:
        """Return the vault after the test error of an experiment was shown; the same if it was already, or locked."""
        if self.locked or key in self.seen:
            return self
        return replace(self._with(time, "look", run, text), looks=self.looks + 1, seen=self.seen | {key})

    def selected(self, time: float, run: str, text: str, key: str = "") -> Vault:
        """Return the vault after something was chosen by the test part: also a locked one, as a program may choose.

        A `key` names a choice that is told of again and again; it counts once.
        """
        if key and key in self.seen:
            return self
        seen = self.seen | {key} if key else self.seen
        return replace(self._with(time, "selection", run, text), selections=self.selections + 1, seen=seen)

    def lock(self, time: float) -> Vault:
        """Return the vault with what the test part says hidden."""
        return self if self.locked else replace(self._with(time, "locked", "", "Test part locked"), locked=True)

    def open(self, time: float) -> Vault:
        """Return the vault with what the test part says shown."""
        return replace(self._with(time, "opened", "", "Test part opened"), locked=False) if self.locked else self

    def _with(self, time: float, kind: EventKind, run: str, text: str) -> Vault:
        return replace(self, events=(*self.events, VaultEvent(time, kind, run, text))[-MOST:])

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, for a project."""
        return {
            "locked": self.locked,
            "looks": self.looks,
            "selections": self.selections,
            "seen": sorted(self.seen),
            "events": [[event.time, event.kind, event.run, event.text] for event in self.events],
        }

    @classmethod
    def of(cls, plain: Any) -> Vault:
        """Return the vault that plain values describe; an untouched one where they describe none."""
        try:
            if not isinstance(plain, Mapping):
                return cls()
            events = tuple(VaultEvent(float(t), kind, str(run), str(text)) for t, kind, run, text in plain["events"])
            if any(event.kind not in get_args(EventKind) for event in events):
                return cls()
            seen = frozenset(map(str, plain["seen"]))
            looks, selections = (max(0, int(plain[name])) for name in ("looks", "selections"))
            return cls(bool(plain["locked"]), looks, selections, events[-MOST:], seen)
        except (KeyError, TypeError, ValueError):
            return cls()


def in_words(vault: Vault) -> str:
    """Return the state in a sentence."""
    looks = "nobody has looked at it yet" if not vault.looks else f"{_times(vault.looks, 'look')}"
    chosen = "nothing was chosen by it" if not vault.selections else f"{_times(vault.selections, 'selection')} by it"
    return f"The test part is {'locked' if vault.locked else 'open'}: {looks}, and {chosen}."


def _times(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
