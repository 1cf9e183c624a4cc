"""How a network is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from nnviz.data.dataset import Task
from nnviz.engines.losses import Loss, LossError
from nnviz.engines.losses.automatic import Automatic
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.optimizers.sgd import Sgd
from nnviz.engines.schedules import Schedule
from nnviz.engines.schedules.constant import Constant
from nnviz.settings import Settings, knob


class TrainingSettings(Settings, frozen=True):
    """The training of an experiment."""

    loss: Annotated[Loss, knob("Loss", "What training makes small.")] = Automatic()
    optimizer: Annotated[Optimizer, knob("Optimizer", "How the gradient becomes a step.", live=True)] = Sgd()
    learning_rate: Annotated[
        float, knob("Learning rate", "Length of the steps.", gt=0.0, le=100.0, soft_max=10.0, scale="log", live=True)
    ] = 0.03
    schedule: Annotated[Schedule, knob("Schedule", "How the learning rate changes over time.", live=True)] = Constant()
    batch_size: Annotated[
        int,
        knob(
            "Batch size",
            "Samples per step. Small batches give noisy, frequent steps; the last batch of an epoch may be smaller.",
            ge=1,
            le=1_000_000,
            soft_max=512,
            scale="log",
            live=True,
        ),
    ] = 10
    weight_decay: Annotated[
        float,
        knob(
            "Weight decay (L2)",
            "Pulls weights towards 0 in proportion to their size: λ w joins the gradient; AdamW shrinks w directly.",
            ge=0.0,
            le=100.0,
            soft_max=1.0,
            scale="log",
            live=True,
        ),
    ] = 0.0
    l1: Annotated[
        float,
        knob(
            "L1",
            "Pulls every weight towards 0 by the same amount, so that many end near 0: λ sign(w) joins the gradient.",
            ge=0.0,
            le=100.0,
            soft_max=1.0,
            scale="log",
            live=True,
        ),
    ] = 0.0
    max_norm: Annotated[
        float,
        knob(
            "Max norm",
            "The incoming weights of every hidden unit or filter are scaled back to at most this length after each "
            "step; 0 means no limit.",
            ge=0.0,
            le=1000.0,
            soft_max=10.0,
            live=True,
        ),
    ] = 0.0
    label_smoothing: Annotated[
        float,
        knob(
            "Label smoothing",
            "Share of each training target that is spread evenly over all classes, so that the network is not pushed "
            "to be certain; the losses shown are those of the plain targets.",
            ge=0.0,
            lt=1.0,
            soft_max=0.5,
            live=True,
        ),
    ] = 0.0
    gradient_clip: Annotated[
        float,
        knob(
            "Gradient clipping",
            "A loss gradient longer than this is shortened to it, so that one steep place does not throw the weights "
            "far away; 0 means no limit.",
            ge=0.0,
            le=1000.0,
            soft_max=10.0,
            live=True,
        ),
    ] = 0.0
    epochs: Annotated[
        int, knob("Epoch limit", "Training stops here; 0 means no limit.", ge=0, le=100_000_000, live=True)
    ] = 0
    patience: Annotated[
        int,
        knob(
            "Early stopping",
            "Stop when the validation loss (the test loss if there is no validation part) has not fallen for this "
            "many epochs; 0 means never.",
            unit="epochs",
            ge=0,
            le=10_000_000,
            live=True,
        ),
    ] = 0
    precision: Annotated[
        Literal["float32", "float64"],
        knob("Precision", "Floating-point numbers of 32 or 64 bits.", advanced=True),
    ] = "float32"
    engine: Annotated[
        Literal["automatic", "compiled", "torch"],
        knob(
            "Engine",
            "What computes the training: compiled is fastest for small dense networks, torch trains every network; "
            "automatic takes the faster one that can.",
            live=True,
            advanced=True,
        ),
    ] = "automatic"
    device: Annotated[
        Literal["cpu", "cuda", "mps"],
        knob(
            "Device",
            "Where torch computes: the processor, an NVIDIA or AMD graphics card (cuda), or that of a Mac (mps).",
            advanced=True,
        ),
    ] = "cpu"

    def resolved_loss(self, task: Task, n_classes: int) -> Loss:
        """Return the loss to use on a task; `n_classes` is 0 for regression.

        Raises LossError when the loss, or label smoothing, does not fit the task.
        """
        loss = self.loss.resolve(task, n_classes)
        if task == "regression" and self.label_smoothing > 0.0:
            raise LossError("Label smoothing needs classes, and regression has none; set it to 0.")
        return loss
