"""Other training parts of the same samples, and centred features."""

from __future__ import annotations

import numpy as np

from nnviz.data.bundled.digits import Digits
from nnviz.data.settings import DataSettings
from nnviz.data.split import split
from nnviz.data.subset import with_training_rows, with_training_targets
from nnviz.experiment import Experiment


def test_rows_may_be_left_out_and_come_twice() -> None:
    settings = Experiment().data.replace(label_noise=0.3, copies=1)
    data = split(settings.source.load(0), settings)
    rows = np.array([4, 0, 4, 7])
    fewer = with_training_rows(data, rows)
    both = [4, 0, 4, 7, 254, 250, 254, 257]
    np.testing.assert_array_equal(fewer.train.x, data.train.x[both])
    np.testing.assert_array_equal(fewer.train.targets, data.train.targets[both])
    np.testing.assert_array_equal(fewer.train.noisy, data.train.noisy[both])
    np.testing.assert_array_equal(fewer.real_train.x, data.real_train.x[rows])
    assert fewer.test is data.test
    assert not fewer.train.x.flags.writeable
    assert len(data.train) == 500


def test_targets_are_exchanged() -> None:
    settings = Experiment().data
    data = split(settings.source.load(0), settings)
    other = 1 - data.train.targets
    swapped = with_training_targets(data, other)
    np.testing.assert_array_equal(swapped.train.targets, other)
    assert swapped.train.targets.dtype == data.train.targets.dtype
    np.testing.assert_array_equal(swapped.train.noisy, data.train.noisy)
    wrong = np.ones(len(other), bool)
    assert with_training_targets(data, other, wrong).train.noisy.all()


def test_centred_features_have_mean_0_and_keep_their_scale() -> None:
    settings = DataSettings(source=Digits(samples=300), train_share=0.4)
    plain = split(settings.source.load(0), settings)
    centred = split(settings.source.load(0), settings.replace(centre=True))
    np.testing.assert_allclose(centred.train.x.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(centred.train.x.std(axis=0), plain.train.x.std(axis=0), atol=1e-6)
    shift = plain.train.x.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(centred.test.x, plain.test.x - shift, atol=1e-6)
    np.testing.assert_allclose(centred.scaling.unscaled(centred.test.x), plain.test.x, atol=1e-6)


def test_standardized_pictures_can_be_centred_pixel_by_pixel() -> None:
    settings = DataSettings(source=Digits(samples=300), standardize=True, centre=True)
    data = split(settings.source.load(0), settings)
    np.testing.assert_allclose(data.train.x.mean(axis=0), 0.0, atol=1e-6)
    assert len(set(data.scaling.scale.tolist())) == 1
