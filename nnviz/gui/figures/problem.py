"""What is said when a figure cannot be made."""


class ExportError(RuntimeError):
    """A figure that cannot be made: one sentence that says why and what to do."""


class NothingToShow(ExportError):
    """A view of the figure has no numbers, or none yet."""
