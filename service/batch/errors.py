"""Errors of batches. Commands print them; no request meets them."""

from storage.address import Address


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


class OtherWorkError(BatchError):
    """The batch of this name is about other objects, or by other rules."""

    def __init__(self) -> None:
        super().__init__(
            "The batch of this --name was begun with another --from, --to, pipeline or rules, and what that has done "
            "would be taken for done. Use another --name; or once it is done, --again."
        )


class DamagedLedgerError(BatchError):
    """A file of the ledger is not as it was written."""

    def __init__(self, address: Address) -> None:
        super().__init__(
            f'The ledger is damaged at "{address}". Under another --name, the batch begins a new one, and makes '
            "nothing twice."
        )
