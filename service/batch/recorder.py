"""Collects rows and writes them to the ledger: a segment for every thousand, and at least one in half a minute."""

import time
from collections.abc import Callable

from service.batch.ledger import Ledger, Pass, SegmentHeader
from service.batch.listing import Share
from service.batch.row import BatchRow

_MOST_ROWS, _SECONDS = 1000, 30.0


class Recorder:
    """The end of one task's ledger. `header` is of all rows so far, written or not."""

    def __init__(
        self, ledger: Ledger, one: Pass, share: Share, header: SegmentHeader, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.header = header
        self._ledger, self._pass, self._share, self._now = ledger, one, share, now
        self._rows: list[BatchRow] = []
        self._written = now()

    def add(self, row: BatchRow) -> None:
        """Note the next row of the listing."""
        self._rows.append(row)
        self.header = SegmentHeader(segment=self.header.segment, last=row.key, totals=self.header.totals.plus(row))
        if len(self._rows) >= _MOST_ROWS:
            self.write()

    def tick(self) -> None:
        """Write what has waited for long."""
        if self._rows and self._now() - self._written >= _SECONDS:
            self.write()

    def write(self, *, ended: bool = False) -> None:
        """Write what is not written yet; `ended` says that nothing follows. OtherProcessError."""
        self._written = self._now()
        if not self._rows and not ended:
            return
        segment = self.header.segment + 1
        self.header = SegmentHeader(segment=segment, last=self.header.last, totals=self.header.totals, ended=ended)
        self._ledger.append(self._pass, self._share, self.header, self._rows)
        self._rows = []
