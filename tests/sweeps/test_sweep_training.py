"""One training after another on the cores of this machine: what it takes, and what becomes of one that breaks."""

from __future__ import annotations

import os
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sweep_runs import small, swept

from nnviz.data.dataset import SplitData
from nnviz.data.settings import DataSettings
from nnviz.sweeps.backends import BackendError, backends
from nnviz.sweeps.backends.local import Local
from nnviz.sweeps.cost import estimate
from nnviz.sweeps.plan import Point
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.shipping import packed, train_parcels
from nnviz.sweeps.sweep import Sweep
from nnviz.sweeps.table import Result

LARGE = (
    "network.layers=[{kind='linear', units=256},'relu',{kind='linear', units=256}]",
    "training.engine=torch",
    "training.batch_size=30",
)


def test_networks_that_take_all_cores_go_one_after_another_and_are_not_charged_for_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)  # of which PyTorch leaves one to the window
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a small network leaves it
    plan = small(["training.weight_decay=0,0.1,0.2,0.3"], *LARGE, epochs=40, seeds=1)
    cost = estimate(plan, 3)
    assert cost.in_line == 1.0
    assert cost.seconds == pytest.approx(cost.seconds_alone)
    assert "one at a time" in cost.text
    elsewhere = estimate(plan, 3, one_machine=False)
    assert elsewhere.seconds == pytest.approx(max(elsewhere.seconds_alone / 3, elsewhere.largest))
    began = time.monotonic()
    table = swept(plan, threads=3, cost=cost)
    assert table["seconds"].sum() < 1.3 * (time.monotonic() - began), "one after another they fill the time"
    torch.set_num_threads(threads)


class Dropped(Local):
    """Loses its connection."""

    def collect(self, timeout: float) -> list[Result]:
        raise ConnectionError("Client is disconnected.")


def test_an_error_of_the_system_without_a_file_is_a_sentence_too() -> None:
    with Sweep(small(), backend=Dropped(threads=1)) as sweep:
        sweep.start()
        assert sweep.join(20.0)
        assert sweep.progress().text == "Client is disconnected."


def test_more_threads_than_the_machine_has_room_for_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def starts_three(thread: threading.Thread) -> None:
        if len(started) == 3:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starts_three)
    with pytest.raises(BackendError, match="This machine cannot start 100,000 threads; give a smaller number"):
        backends["local"](threads=100_000).open()
    assert not any(thread.is_alive() for thread in started)


def test_small_networks_share_the_cores() -> None:
    assert estimate(small(epochs=20), 2).in_line == 0.0


class Broken(Samples):
    """Has no memory for what it is asked."""

    def prepared(self, settings: DataSettings) -> SplitData:
        raise MemoryError("Unable to allocate 1 TiB")


def test_networks_that_are_measured_at_their_end_alone_are_the_same_networks(tmp_path: Path) -> None:
    vary = ["training.learning_rate=0.03,100", "training.patience=0,5"]
    settings = ("network.layers=[{kind='linear', units=8}, 'relu']", "training.loss=squared")
    swept(small(vary, *settings, epochs=60), tmp_path)
    each = small(vary, *settings, epochs=60)
    ends = small(vary, *settings, epochs=60, every_epoch=False)
    every, last = (sorted(swept(plan).rows(), key=lambda row: row["member"]) for plan in (each, ends))
    assert {row["status"] for row in every} == {"finished", "diverged"}
    unknown = {"best_epoch", "best_test_error", "seconds"}
    for one, other in zip(every, last, strict=True):
        assert str({n: v for n, v in one.items() if n not in unknown | {"point"}}) == str(
            {n: v for n, v in other.items() if n not in unknown | {"point"}}
        )
        through = one["status"] == "finished" and one["training.patience"] == 0
        assert other["best_epoch"] == (0 if through else one["best_epoch"])
    with Sweep(ends, tmp_path) as sweep:
        sweep.start()
        assert sweep.join(20.0)
        assert "its networks were measured after every epoch" in sweep.progress().text


def test_the_cost_of_networks_that_are_measured_at_their_end_alone_is_less() -> None:
    settings = ("data.source.samples=4000", "data.train_share=0.1", "training.batch_size=400")
    each, ends = (
        estimate(small(["network.layers[0].units=30"], *settings, epochs=1000, every_epoch=e)) for e in (True, False)
    )
    assert ends.seconds < 0.7 * each.seconds, "most of the samples are measured only"


def test_samples_that_break_a_core_are_a_row_and_the_core_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    plan = small(seeds=1)
    first, second = (plan.member(Point(0, values), 0) for values in ((1, 0.0), (2, 0.0)))
    with closing(backends["local"](threads=1)) as backend:
        backend.open()
        backend.submit([first], Broken())
        assert [row.sentence for row in backend.collect(20.0)] == ["MemoryError: Unable to allocate 1 TiB"]
        backend.submit([second], Samples())
        assert [row.status for row in backend.collect(20.0)] == ["finished"]
    assert "MemoryError" in caplog.text


def test_samples_that_break_on_a_worker_are_a_row(caplog: pytest.LogCaptureFixture) -> None:
    plan = small(seeds=1)
    member = plan.member(Point(0, (1, 0.0)), 0)
    whole = Samples().whole(member.experiment.data)
    rows = train_parcels(replace(whole, features=whole.features[:10]), "too few", [packed(member)])
    assert [row.status for row in rows] == ["failed"]
    assert "IndexError" in rows[0].sentence
    assert "IndexError" in caplog.text
