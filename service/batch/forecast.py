"""What a batch will take, from a survey of its objects and a trial of some hundred by the batch's own processes.

Nothing of it is a figure of another machine, but for what writing an object to a cloud takes of a core.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from service.batch.listing import PAGE
from service.batch.pool import Pool, Process
from service.batch.prices import Prices
from service.batch.row import BatchRow, Item, Totals
from service.batch.survey import Pick, Stratum, Survey

_MOST_TRIED, _WARMING, _SECONDS = 256, 8, 20.0
"""Objects that are tried, those of them for each process that are tried before, since the first ones pay for what is
loaded then, and seconds after which no further one is handed out."""
_LISTED = 2
"""How often a batch reads its listing: to count, and to hand out."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What the whole will take, and of how many objects that was learnt."""

    totals: Totals
    tried: int


class _Tried(NamedTuple):
    stratum: Stratum
    row: BatchRow


class _Trial(NamedTuple):
    """What was tried, core-seconds of handing out one object, and those that all processes take once."""

    tried: list[_Tried]
    handing: float
    first: float


def forecast(survey: Survey, start: Callable[[], Process], prices: Prices, scheme: str, processes: int) -> Forecast:
    """Try objects of each kind and size in so many processes, and count each for all that are like it."""
    trial = _try(survey, start, processes)
    noted = {f"{scheme} list": _LISTED * (survey.objects // PAGE + 1)}
    own = _LISTED * survey.seconds + survey.objects * trial.handing + trial.first
    totals = _extrapolated(survey, trial.tried, prices) + Totals(seconds=own, operations=noted)
    return Forecast(totals=totals, tried=len(trial.tried))


def _try(survey: Survey, start: Callable[[], Process], processes: int) -> _Trial:
    """Have the batch's own processes work on some objects: they meet the same neighbours and caches as they will."""
    picks = list(islice(survey.picks(), _MOST_TRIED))
    if not picks:
        return _Trial([], 0.0, 0.0)
    warming = picks[: _WARMING * processes]
    pool = Pool(start, processes, 1)
    try:
        began = time.process_time()
        rows = list(pool.run(_in_time([*warming, *picks]), lambda: None))
        handing = (time.process_time() - began) / len(rows)
        pool.close()
    finally:
        pool.kill()
    cold, warm = rows[: len(warming)], rows[len(warming) :]
    more = sum(one.seconds - other.seconds for one, other in zip(cold, warm, strict=False))
    tried = [_Tried(pick.stratum, row) for pick, row in zip(picks, warm or cold, strict=False)]
    return _Trial(tried, handing, max(0.0, more))


def _in_time(picks: Sequence[Pick]) -> Iterator[Item]:
    """Objects to hand out, until the time is over."""
    ends = time.monotonic() + _SECONDS
    for number, pick in enumerate(picks):
        if number and time.monotonic() > ends:
            return
        yield Item(number, pick.entry.address.key, pick.entry.size, nameless=pick.entry.nameless)


def _extrapolated(survey: Survey, tried: Sequence[_Tried], prices: Prices) -> Totals:
    """The sum over the strata. One of which nothing was tried takes for each byte what the others do."""
    seconds, operations, wrote, failed, known = 0.0, dict[str, float](), 0.0, 0.0, 0
    for stratum in survey.strata.values():
        rows = [one.row for one in tried if one.stratum is stratum]
        if not rows:
            continue
        known += stratum.bytes
        weight = stratum.objects / len(rows)
        for row in rows:
            seconds += weight * (row.seconds + prices.writing_seconds(row.operations))
            wrote += weight * row.wrote
            failed += weight * row.failed
            for name, count in row.operations.items():
                operations[name] = operations.get(name, 0.0) + weight * count
    scale = survey.bytes / known if known else 1.0
    return Totals(
        objects=survey.objects, bytes=survey.bytes, seconds=seconds * scale, wrote=round(wrote * scale),
        failed=round(failed * scale), operations={name: round(count * scale) for name, count in operations.items()},
    )  # fmt: skip
