"""Which samples, how they are split, and how they are prepared."""

from __future__ import annotations

from typing import Annotated, Literal

from nnviz.data.generators.circles import Circles
from nnviz.data.source import Source
from nnviz.settings import Settings, knob


class PlaneSettings(Settings, frozen=True):
    """The plane through feature space on which a decision surface is drawn."""

    mode: Annotated[
        Literal["features", "principal"],
        knob(
            "Plane",
            "Two features with all others at their mean, or the first two principal components of the training part.",
            live=True,
        ),
    ] = "features"
    first: Annotated[int, knob("Across", "Feature drawn from left to right, counted from 0.", ge=0, live=True)] = 0
    second: Annotated[int, knob("Up", "Feature drawn from bottom to top, counted from 0.", ge=0, live=True)] = 1


class DataSettings(Settings, frozen=True):
    """The data of an experiment."""

    source: Source = Circles()
    train_share: Annotated[
        float,
        knob("Train share", "Share of the samples that the network learns from; the rest tests it.", ge=0.05, le=0.95),
    ] = 0.5
    validation_share: Annotated[
        float,
        knob(
            "Validation share",
            "Share of the samples set aside to choose when to stop, so that the test part stays untouched by choices.",
            ge=0.0,
            le=0.5,
        ),
    ] = 0.0
    label_noise: Annotated[
        float,
        knob(
            "Label noise",
            "Share of the training samples whose class is replaced by another one at random. Test labels stay true.",
            ge=0.0,
            le=1.0,
            live=True,
        ),
    ] = 0.0
    standardize: Annotated[
        bool,
        knob(
            "Standardize",
            "Shift and scale every feature to mean 0 and deviation 1, as measured on the training part alone. "
            "A regression target is scaled too; its error is shown in its own units.",
        ),
    ] = False
    centre: Annotated[
        bool,
        knob(
            "Centre",
            "Shift every feature, and every pixel of pictures on its own, to mean 0 over the training part.",
            advanced=True,
        ),
    ] = False
    copies: Annotated[
        int,
        knob(
            "Copies",
            "Changed copies of every training sample that join it, with the label that it has, be it a wrong one. "
            "The test part has none.",
            ge=0,
            le=20,
            live=True,
            advanced=True,
        ),
    ] = 0
    jitter: Annotated[
        float,
        knob(
            "Jitter",
            "Noise on the features of the copies: its standard deviation, as a share of each feature's own deviation "
            "on the training part.",
            ge=0.0,
            le=2.0,
            soft_max=0.5,
            live=True,
            advanced=True,
        ),
    ] = 0.1
    shift: Annotated[
        int,
        knob(
            "Shift",
            "Copies of pictures move by at most so many pixels, up or down and to either side; zeros fill the gap.",
            unit="px",
            ge=0,
            le=16,
            soft_max=4,
            live=True,
            advanced=True,
        ),
    ] = 1
    seed: Annotated[
        int,
        knob("Data seed", "Start of the random numbers that make, split and mislabel the samples.", ge=0, le=2**31 - 1),
    ] = 0
    plane: PlaneSettings = PlaneSettings()

    @property
    def samples(self) -> DataSettings:
        """The settings without the plane, which is drawn only: the samples are the same where these are."""
        return self.replace(plane=PlaneSettings())
