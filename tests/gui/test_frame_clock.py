"""The frame clock: who is drawn, how often, and within which budget. Driven by hand, without a timer."""

from __future__ import annotations

import gc
import time
import weakref

import pytest
from pytestqt.qtbot import QtBot

from nnviz.gui.frame_clock import FrameClock, GarbageTimer


@pytest.fixture
def news() -> list[bool]:
    return [True]


@pytest.fixture
def clock(qapp, news):
    made = FrameClock(lambda: news[0])
    yield made
    made.stop()
    made.deleteLater()


def test_what_is_visible_is_drawn_when_something_arrived(clock, news):
    drawn: list[str] = []
    clock.add("shown", lambda: drawn.append("shown"), lambda: True, rate=1e6)
    clock.add("hidden", lambda: drawn.append("hidden"), lambda: False, rate=1e6)
    clock.tick()
    assert drawn == ["shown"]
    news[0] = False
    clock.tick()
    assert drawn == ["shown"], "nothing arrived, so nothing is drawn again"


def test_a_drawer_keeps_to_its_rate(clock):
    drawn: list[int] = []
    clock.add("slow", lambda: drawn.append(1), lambda: True, rate=0.001)
    for _ in range(20):
        clock.tick()
    assert len(drawn) == 1


def test_what_does_not_fit_into_a_frame_comes_first_in_the_next(clock):
    drawn: list[str] = []

    def expensive() -> None:
        drawn.append("expensive")
        end = time.perf_counter() + 0.01
        while time.perf_counter() < end:
            pass

    clock.add("expensive", expensive, lambda: True, rate=1e6)
    clock.add("cheap", lambda: drawn.append("cheap"), lambda: True, rate=1e6)
    clock.tick()
    assert drawn == ["expensive"], "its cost used up the frame"
    clock.tick()
    assert drawn[:2] == ["expensive", "cheap"]


def test_an_expensive_drawer_is_named_as_throttled(clock):
    drawer = clock.add("heavy", lambda: None, lambda: True, rate=30.0)
    drawer.costs.append(0.001)
    assert clock.throttled == []
    drawer.costs.extend([0.1, 0.1])
    assert clock.throttled == ["heavy"]


def test_one_slow_draw_does_not_count(clock):
    drawer = clock.add("view", lambda: None, lambda: True, rate=30.0)
    drawer.costs.extend([2.0, 0.001])
    assert clock.throttled == []
    drawer.costs.extend([0.001, 0.5])
    assert clock.throttled == []


def test_painting_counts_as_well(clock):
    drawer = clock.add("scatter", lambda: None, lambda: True, rate=30.0, painting=lambda: 0.05)
    for _ in range(3):
        drawer.make()
    assert clock.throttled == ["scatter"]


def test_a_drawer_that_fails_does_not_stop_the_others(clock):
    drawn: list[str] = []

    def fail() -> None:
        raise ValueError("broken")

    clock.add("broken", fail, lambda: True, rate=30.0)
    clock.add("fine", lambda: drawn.append("fine"), lambda: True, rate=30.0)
    with pytest.raises(ValueError, match="broken"):
        clock.tick()
    clock.tick()
    assert drawn == ["fine"]


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_slow_drawer_is_drawn_less_often_and_takes_nothing_from_the_others(qtbot):
    """With the real timer. 25 ms of work may be done ten times a second; all others keep their 30."""
    drawn = {"slow": 0, "first": 0, "second": 0}
    cost = [0.025]

    def slow() -> None:
        drawn["slow"] += 1
        burn(cost[0])

    def quick(name: str) -> None:
        drawn[name] += 1
        burn(0.001)

    clock = FrameClock(lambda: True)
    clock.add("slow", slow, lambda: True)
    clock.add("first", lambda: quick("first"), lambda: True)
    clock.add("second", lambda: quick("second"), lambda: True)
    clock.start()
    try:
        qtbot.waitUntil(lambda: clock.throttled == ["slow"], timeout=5_000)
        rates = rates_over(2.0, drawn, qtbot)
        assert clock.throttled == ["slow"]
        assert rates["slow"] <= 11
        assert min(rates["first"], rates["second"]) >= 20, "on a busy machine; it is 30 on an idle one"
        assert rates["slow"] < 0.6 * rates["first"]
        cost[0] = 0.001
        qtbot.waitUntil(lambda: clock.throttled == [], timeout=5_000)
        rates = rates_over(1.0, drawn, qtbot)
        assert rates["slow"] >= 0.8 * rates["first"], "it recovers"
    finally:
        clock.stop()
        clock.deleteLater()


def rates_over(seconds: float, drawn: dict[str, int], qtbot: QtBot) -> dict[str, float]:
    """Return the draws per second in a stretch of time."""
    before, began = dict(drawn), time.perf_counter()
    qtbot.wait(round(1000 * seconds))
    spent = time.perf_counter() - began
    return {name: (drawn[name] - before[name]) / spent for name in drawn}


def test_draw_all_does_not_wait(clock, news):
    news[0] = False
    drawn: list[int] = []
    clock.add("view", lambda: drawn.append(1), lambda: True, rate=0.001)
    clock.draw_all()
    clock.draw_all()
    assert len(drawn) == 2


class _Loop:
    """Something that only a garbage collection can free."""

    def __init__(self) -> None:
        self.itself = self


def test_garbage_is_collected_in_the_gui_thread_only(qapp):
    timer = GarbageTimer()
    try:
        assert not gc.isenabled(), "another thread's allocations must not start a collection"
        loop = weakref.ref(_Loop())
        filling = [[] for _ in range(2 * gc.get_threshold()[0])]
        assert loop() is not None
        timer._collect()
        timer._collect()
        assert loop() is None
        assert filling
    finally:
        timer.stop()
        timer.deleteLater()
    assert gc.isenabled()
