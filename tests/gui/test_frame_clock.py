"""The frame clock: who is drawn, how often, and within which budget. Driven by hand, without a timer."""

from __future__ import annotations

import gc
import time
import weakref

import pytest

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
    drawer.cost = 0.001
    assert clock.throttled == []
    drawer.cost = 0.1
    assert clock.throttled == ["heavy"]


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
