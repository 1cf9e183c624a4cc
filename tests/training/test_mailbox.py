"""The mailbox: nothing small is lost, nothing large piles up."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from nnviz.snapshot import Snapshot, Status, read_only
from nnviz.training.mailbox import Changed, Mailbox, Notice, Rows


def snapshot(run: int, epoch: int) -> Snapshot:
    return cast("Snapshot", SimpleNamespace(run=run, epoch=epoch))


def test_posts_come_out_once_and_in_order() -> None:
    mailbox = Mailbox()
    posts = [Changed(1, Status.READY), Notice(1, "so"), Rows(1, {"epoch": np.arange(2)})]
    for post in posts:
        mailbox.post(post)
    assert mailbox.drain() == (posts, [])
    assert mailbox.drain() == ([], [])


def test_the_latest_snapshot_wins() -> None:
    mailbox = Mailbox()
    assert not mailbox.waiting(1)
    for epoch in (5, 6, 7):
        mailbox.offer(snapshot(1, epoch))
    mailbox.offer(snapshot(2, 9))
    assert mailbox.waiting(1)
    posts, taken = mailbox.drain()
    assert posts == []
    assert [(each.run, each.epoch) for each in taken] == [(1, 7), (2, 9)], "every run has a slot of its own"
    assert not mailbox.waiting(1)


def test_two_threads_lose_nothing() -> None:
    mailbox, count = Mailbox(), 5_000
    received: list[Any] = []

    def send() -> None:
        for i in range(count):
            mailbox.post(Notice(i, ""))
            mailbox.offer(snapshot(1, i))

    sender = threading.Thread(target=send)
    sender.start()
    last = None
    while sender.is_alive() or mailbox.waiting(1):
        posts, newest = mailbox.drain()
        received += posts
        last = newest[-1].epoch if newest else last
    received += mailbox.drain()[0]
    sender.join()
    assert [post.run for post in received] == list(range(count))
    assert last == count - 1


def test_results_of_probes_become_read_only_all_the_way_down() -> None:
    inner = np.zeros(2), (np.zeros(3), "text")
    assert read_only(inner) is inner
    assert not inner[0].flags.writeable
    assert not inner[1][0].flags.writeable  # type: ignore[union-attr]
    assert read_only(None) is None


def test_a_status_is_a_word_for_the_user() -> None:
    over = (Status.FINISHED, Status.DIVERGED, Status.FAILED)
    assert [status for status in Status if status.over] == list(over)
    assert all(status.value == status.value.lower() for status in Status)
