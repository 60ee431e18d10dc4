"""Errors of batches. Commands print them; no request meets them."""


class BatchError(Exception):
    """A batch cannot begin, or cannot go on; the text is for whoever started it."""


class OtherTasksError(BatchError):
    """The batch is shared by another number of tasks."""

    def __init__(self, tasks: int, asked: int) -> None:
        super().__init__(
            f"This batch is shared by {tasks} tasks; {asked} cannot go on with it. "
            f"Run it with {tasks}, or under another --name, which makes nothing twice either."
        )


class OtherProcessError(BatchError):
    """Another process works on the same share."""

    def __init__(self) -> None:
        super().__init__("Another process works on this share of the batch; this one leaves it.")
