"""Self-tests that a user can run: one file each. Here: the contract of a self-test, and how all of them are run.

A self-test compares what nnviz computes on this machine with something that does not depend on nnviz, and says what
it measured and where the bound lies. It may run beside a training: it touches no global random numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from nnviz.registry import Registry

log = logging.getLogger(__name__)

Status = Literal["passed", "failed", "not available"]


class Unavailable(Exception):
    """Something that this installation does not have, so that it cannot be tested: one sentence that says why."""


@dataclass(frozen=True)
class Finding:
    """One comparison. It passed when `measured` is at most `bound`; `measured` is None where nothing came out.

    `subject` is what was compared, `quantity` what the number is, `note` a reason or further words for the reader.
    """

    check: str
    subject: str
    quantity: str
    measured: float | None
    bound: float
    status: Status
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """Return the finding as JSON holds it; a number that is not finite becomes None."""
        known = self.measured is not None and abs(self.measured) < float("inf")
        return {
            "check": self.check,
            "subject": self.subject,
            "quantity": self.quantity,
            "measured": self.measured if known else None,
            "bound": self.bound,
            "status": self.status,
            "note": self.note,
        }

    @property
    def sign(self) -> str:
        """One character for the status."""
        return {"passed": "✓", "failed": "✗", "not available": "–"}[self.status]

    @property
    def words(self) -> str:
        """What was measured and the bound it was held against, or why there is nothing."""
        if self.status == "not available":
            return f"not available: {self.note}"
        if self.measured is None:
            return self.note
        sign = "≤" if self.status == "passed" else "not ≤"
        note = f"  ({self.note})" if self.note else ""
        return f"{self.quantity} {_number(self.measured)} {sign} {_number(self.bound)}{note}"


class SelfTest:
    """A group of comparisons that answer one question."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    """What is compared with what, in one sentence."""
    quantity: ClassVar[str]
    """What the measured numbers are."""
    order: ClassVar[int] = 100

    def run(self, quick: bool) -> Iterator[Finding]:
        """Make the comparisons, fewer or shorter ones if `quick`, and yield each as it is made."""
        raise NotImplementedError

    def compare(
        self, subject: str, measure: Callable[[], float], bound: float, quantity: str = "", note: str = ""
    ) -> Finding:
        """Return the finding for one measurement, a failed one if it raises; not a number is never within a bound."""
        quantity = quantity or self.quantity
        try:
            measured = measure()
        except Unavailable as reason:
            return Finding(self.name, subject, quantity, None, bound, "not available", str(reason))
        except Exception as error:  # whatever is broken in an installation: the other comparisons go on
            log.exception("Self-test %s, %s", self.name, subject)
            return Finding(self.name, subject, quantity, None, bound, "failed", f"{type(error).__name__}: {error}")
        status: Status = "passed" if measured <= bound else "failed"
        return Finding(self.name, subject, quantity, measured, bound, status, note)


self_tests: Registry[SelfTest] = Registry("self-test", "nnviz.checks", name_of=lambda test: str(test.name))


def run_all(quick: bool = False) -> Iterator[Finding]:
    """Run every self-test and yield the findings as they are made."""
    for test in self_tests:
        yield from test().run(quick)


def summary(findings: list[Finding]) -> str:
    """Return one sentence about how many comparisons passed."""
    counts = {status: sum(f.status == status for f in findings) for status in ("passed", "failed", "not available")}
    tried = counts["passed"] + counts["failed"]
    missing = f"; {counts['not available']} not available here" if counts["not available"] else ""
    failed = f"; {counts['failed']} failed" if counts["failed"] else ""
    return f"{counts['passed']} of {tried} self-tests passed{failed}{missing}."


def _number(value: float) -> str:
    """Return a number with two or three figures, as 0.548, 3 or 1.2e-10."""
    return f"{value:.2g}".replace("e-0", "e-") if value and abs(value) < 0.01 else f"{value:.3g}"
