"""How many threads torch uses."""

from __future__ import annotations

import os


def share_cores(many: bool) -> None:
    """Have torch use one thread, or where work is worth `many` all cores but one, which is left to the window.

    Rounding depends on the number. torch keeps one for each thread that calls it, so it is set where the work is done.
    """
    import torch

    threads = max(1, (os.cpu_count() or 2) - 1) if many else 1
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
