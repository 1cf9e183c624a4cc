"""What a worker of a cluster does with trainings that travel to it."""

from __future__ import annotations

from pathlib import Path

from sweep_runs import swept, written

from nnviz.sweeps.plan import Member, Point
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.shipping import packed, samples_key, train_parcels
from nnviz.sweeps.table import Result


def shipped(member: Member) -> Result:
    """Return the row that a worker makes of a training, as a sweep that begins now sends it."""
    samples, settings = Samples(), member.experiment.data
    key = samples_key(settings, samples.sha256(settings))
    return train_parcels(samples.whole(settings), key, [packed(member)])[0]


def test_a_worker_that_has_seen_the_file_before_trains_on_what_is_in_it_now(tmp_path: Path) -> None:
    found = set()
    for sign in (1, -1):
        plan = written(tmp_path / "points.csv", sign)
        result = shipped(plan.member(Point(0, (0.0,)), 0))
        assert result.parameters_sha256 == swept(plan)["parameters_sha256"][0]
        found.add(result.parameters_sha256)
    assert len(found) == 2
