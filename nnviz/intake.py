"""Taking over what the training thread posts of a run: rows, keyframes, chapters."""

from __future__ import annotations

from dataclasses import replace

from nnviz.history.chapters import Chapter
from nnviz.run import Run
from nnviz.training.mailbox import Began, Kept, Post, Repeating, Rows


class Intake:
    """Writes posts into runs. Events get the epoch at which they took effect, which only the training thread knows."""

    def __init__(self) -> None:
        self._dated: dict[int, int] = {}  # by run, how many of its events have their epoch

    def know(self, run: Run) -> None:
        """Take the events that a run has as they are."""
        self._dated[run.number] = len(run.history.events)

    def take(self, post: Post, run: Run, origin: Run | None) -> None:
        """Write one post into its run; `origin` is the run that it was forked from, where that is still there."""
        match post:
            case Rows(columns=columns):
                run.history.append(columns)
            case Kept(frame=frame) if frame.reason == "best":
                run.history.keyframes.keep(frame)
            case Kept(frame=frame):
                run.history.keyframes.add(frame)
            case Began(number=number, chapter=chapter):
                self._begin_chapter(run, number, chapter, origin)
            case Repeating(share=share, seconds_left=left, epoch=epoch) if epoch == run.playhead:
                run.repeating = (share, left) if share < 1.0 else None

    def _begin_chapter(self, run: Run, number: int, chapter: Chapter, origin: Run | None) -> None:
        run.chapters[number:] = [chapter]
        epoch = chapter.place[0]
        if number > 0 and run.chapters[number - 1].experiment.data.samples != chapter.experiment.data.samples:
            run.history.forget_best()
        if number == 0 and run.origin is not None and run.origin.epoch != epoch:  # forked in the middle of training
            where = f"from {run.origin.epoch:,}"
            if run.name.endswith(where):
                run.name = f"{run.name.removesuffix(where)}from {epoch:,}"
            run.origin = replace(run.origin, epoch=epoch)
            if origin is not None:
                run.history = origin.history.until(epoch)
                self.know(run)
        events = run.history.events
        for i in range(self._dated.get(run.number, 0), len(events)):
            if events[i].kind != "end":
                events[i] = replace(events[i], epoch=epoch)
        self.know(run)
