"""One start of a batch on this machine, or of one task of it: its processes, progress, bounds and end."""

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from core.errors import DarkroomError
from functions.jobs import batch_text
from service.batch.batch import Batch
from service.batch.bounds import BatchBounds, Summary
from service.batch.errors import BatchError
from service.batch.forecast import Forecast, forecast
from service.batch.ledger import Ledger, Pass, SegmentHeader
from service.batch.listing import PAGE, Share, items
from service.batch.pool import Pool
from service.batch.prices import prices
from service.batch.recorder import Recorder
from service.batch.row import BatchRow, Item, Totals
from service.batch.survey import Survey
from service.batch.work import Spent

_AGAIN = "It is done already. --retry-failed tries again what failed; --again looks at everything again."

_TROUBLE = 100
"""Objects in a row that fail for what may pass, and end a run: more would fail likewise, each after its attempts."""


def survey_of(batch: Batch, share: Share, after: str = "") -> Survey:
    """Count what there is to do, past a key."""
    store = batch.stores(Spent()).of(batch.selection.prefix)
    return Survey(batch.selection.entries(store, share, after))


def forecast_of(
    batch: Batch, share: Share, bounds: BatchBounds, after: str = "", survey: Survey | None = None
) -> Forecast:
    """What a start would take. Nothing is written but to a temporary folder."""
    found, scheme = survey or survey_of(batch, share, after), batch.selection.prefix.scheme
    with tempfile.TemporaryDirectory(prefix="darkroom-trial-") as folder:
        return forecast(found, lambda: batch.trial(Path(folder)).process, prices(), scheme, bounds.processes)


class BatchRun:
    """One start: where it goes on, until the end or until it is stopped."""

    def __init__(
        self, batch: Batch, share: Share, bounds: BatchBounds, *, anew: bool = False, retry_failed: bool = False
    ) -> None:
        self._batch, self._share, self._bounds = batch, share, bounds
        self._anew, self._retry_failed = anew, retry_failed
        self._spent = Spent()
        self._listed = 0
        self._troubled = 0
        self._stopped = ""

    def run(self) -> Summary:
        """Process what is left. BatchError if that may not begin, or another process works on the same."""
        batch = self._batch
        batch.places.make()
        ledger = batch.ledger(batch.stores(self._spent))
        one = ledger.begin(self._share.count, anew=self._anew, retry_failed=self._retry_failed)
        header = ledger.position(one, self._share)
        if header.ended:
            ledger.end(one, self._share, header)
            return Summary(
                place=ledger.place, totals=header.totals, used=Totals(), elapsed=0.0, ended=True, stopped=_AGAIN
            )  # fmt: skip
        pool = Pool(lambda: batch.work(retry=bool(one.retries)).process, self._bounds.processes, self._bounds.threads)
        try:
            return self._work(pool, ledger, one, header)
        finally:
            pool.kill()

    def _work(self, pool: Pool, ledger: Ledger, one: Pass, header: SegmentHeader) -> Summary:
        began = time.monotonic()
        progress = batch_text.Progress(sys.stderr, self._expected(one, header), header.totals.objects)
        recorder = Recorder(ledger, one, self._share, header)
        used = Totals()

        def tick() -> None:
            recorder.tick()
            progress.tick(recorder.header.totals)
            self._check_cost(used)
            pool.stopping = bool(self._stopped)

        with _Signals(self._stop):
            try:
                for row in pool.run(self._items(ledger, one, header.last), tick):
                    recorder.add(row)
                    used = used.plus(row)
                    self._check_trouble(row)
                recorder.write(ended=not self._stopped)
            except DarkroomError as error:
                self._stop(f"because the ledger cannot be written: {error.detail}")
        pool.close()
        progress.end(recorder.header.totals)
        return Summary(
            place=ledger.place, totals=recorder.header.totals, used=used + self._own(), ended=not self._stopped,
            elapsed=time.monotonic() - began, stopped=self._stopped,
        )  # fmt: skip

    def _items(self, ledger: Ledger, one: Pass, after: str) -> Iterator[Item]:
        """What is to be processed past a key, as far as it may be; where the listing breaks off, the run stops."""
        try:
            for item in self._all_items(ledger, one, after):
                if self._listed == self._bounds.max_objects:
                    self._stop(f"after --max-objects {self._listed}")
                    return
                self._listed += 1
                yield item
        except DarkroomError as error:
            self._stop(f"because the listing broke off: {error.detail}")

    def _all_items(self, ledger: Ledger, one: Pass, after: str) -> Iterator[Item]:
        if not one.retries:
            store = self._batch.stores(self._spent).of(self._batch.selection.prefix)
            return items(self._batch.selection.entries(store, self._share, after))
        earlier = Pass(number=one.retries, tasks=one.tasks)
        failed = (row for row in ledger.rows(earlier, self._share, after) if row.failed)
        return (Item(number, row.key, row.size, nameless=row.nameless) for number, row in enumerate(failed))

    def _expected(self, one: Pass, header: SegmentHeader) -> int:
        """How many objects are left. BatchError if they would cost more than they may."""
        if one.retries:
            return 0
        survey = survey_of(self._batch, self._share, header.last)
        if self._bounds.max_cost is not None and survey.objects:
            dollars = prices().dollars(forecast_of(self._batch, self._share, self._bounds, survey=survey).totals).total
            if dollars > self._bounds.max_cost:
                raise BatchError(f"This would cost about ${dollars:.4f}, more than --max-cost. Nothing has been made.")
        return min(survey.objects, self._bounds.max_objects or survey.objects)

    def _check_cost(self, used: Totals) -> None:
        most = self._bounds.max_cost
        if most is not None and prices().dollars(used).total > most:
            self._stop("after --max-cost")

    def _check_trouble(self, row: BatchRow) -> None:
        """Stop where object after object fails for what is no fault of the pictures: a store that takes nothing."""
        self._troubled = self._troubled + 1 if row.outcome in {"again", "gave_up"} else 0
        if self._troubled >= _TROUBLE:
            self._stop(f"because {_TROUBLE} objects in a row failed, the last as {row.code}: {row.detail}")

    def _own(self) -> Totals:
        """What this process has spent itself; of a listing each page is an operation."""
        seconds, operations = self._spent.take()
        name = f"{self._batch.selection.prefix.scheme} list"
        operations[name] = operations.get(name, 0) + 2 * (self._listed // PAGE)
        return Totals(seconds=seconds, operations=operations)

    def _stop(self, why: str) -> None:
        self._stopped = self._stopped or why


class _Signals:
    """Ctrl-C and SIGTERM stop a run; a second one ends it."""

    def __init__(self, stop: Callable[[str], None]) -> None:
        self._stop = stop
        self._seen = False

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._seen:
            raise KeyboardInterrupt
        self._seen = True
        self._stop(f"by {signal.Signals(number).name}")
        sys.stderr.write("\nFinishing what is in flight; once more ends at once.\n")
