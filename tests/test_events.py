"""Names of runs that come from others."""

from __future__ import annotations

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import add_points
from nnviz.events import fork_name, summary
from nnviz.experiment import Experiment
from nnviz.settings import differences

BASE = Experiment().with_settings(["network.layers=[{kind='linear', units=8}, 'tanh']"])


def after(*settings: str) -> Experiment:
    return BASE.with_settings(list(settings))


def test_forks_are_named_by_what_is_different_and_from_where_on() -> None:
    changes = differences(BASE, after("training.weight_decay=0.01"))
    assert fork_name(changes, 1_500) == "Weight decay (L2) 0 → 0.01 from 1,500"
    assert fork_name((), 12) == "from 12"
    assert fork_name(differences(BASE, BASE.replace(name="other")), 12) == "from 12"
    both = differences(BASE, after("training.weight_decay=0.01", "training.batch_size=7"))
    assert fork_name(both, 3).endswith("and 1 more from 3")


def test_layers_that_come_and_go_are_named() -> None:
    inserted = after("network.layers=[{kind='linear', units=8}, 'tanh', {kind='dropout', rate=0.2}]")
    assert fork_name(differences(BASE, inserted), 15) == "Dropout 20 % inserted after layer 2 from 15"
    assert summary(differences(inserted, BASE), BASE) == "Layer 3 (Dropout 20 %) removed"


def test_a_stroke_is_one_change() -> None:
    source = Drawing()
    drawn = BASE.replace(data=BASE.data.replace(source=source))
    more = drawn.replace(data=drawn.data.replace(source=add_points(source, [[0.0, 1.0], [2.0, 3.0]], 1)))
    assert fork_name(differences(drawn, more), 50) == "Points drawn from 50"
