"""A scalar training loop in JavaScript, run by Node: what a network in a web page can do at most without a library."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.bench import BenchmarkError
from nnviz.bench.parts.dense_networks import Dense

SCRIPT = Path(__file__).with_name("training_loop.js")


def node() -> str:
    """Return the path of Node. Raises BenchmarkError where it is not installed."""
    found = shutil.which("node")
    if found is None:
        raise BenchmarkError("Node is not installed.")
    return found


class JavaScriptLoop:
    """SGD on the squared error of a dense tanh network, in double precision, as `training_loop.js` has it.

    `parameters` are flat, in network order; x: (n, inputs); y: (n, outputs).
    """

    def __init__(
        self,
        network: Dense,
        parameters: NDArray[Any],
        x: NDArray[Any],
        y: NDArray[Any],
        batch_size: int,
        rate: float,
    ) -> None:
        self._task = {
            "widths": network.widths,
            "parameters": parameters.tolist(),
            "x": x.ravel().tolist(),
            "y": y.ravel().tolist(),
            "batchSize": batch_size,
            "rate": rate,
        }

    def epochs_per_second(self, warm_up: float = 0.2, seconds: float = 0.3) -> float:
        """Return epochs per second of a new process, samples shuffled, once its compiler has seen `warm_up` seconds."""
        result = self._run(shuffle=True, warmUp=warm_up, seconds=seconds)
        if result["loss"] is None:  # how JSON writes what is not finite
            raise BenchmarkError("The JavaScript loop diverged.")
        return float(result["epochs"] / result["seconds"])

    def train(self, epochs: int) -> tuple[NDArray[np.float64], float]:
        """Return parameters and mean loss after so many epochs with the samples in their own order."""
        result = self._run(shuffle=False, epochs=epochs)
        return np.array(result["parameters"]), float(result["loss"])

    def _run(self, **more: Any) -> dict[str, Any]:
        text = json.dumps(self._task | more)
        done = subprocess.run([node(), str(SCRIPT)], input=text, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise BenchmarkError(f"Node failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
        result: dict[str, Any] = json.loads(done.stdout)
        return result
