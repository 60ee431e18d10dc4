"""What a batch will take, from a survey of its objects and a trial of a few dozen of them."""

import time
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from service.batch.listing import PAGE
from service.batch.prices import Prices
from service.batch.row import BatchRow, Item, Totals
from service.batch.survey import Stratum, Survey
from service.batch.work import Work

_MOST_TRIED, _WARMING, _SECONDS = 256, 8, 20.0
"""Objects that are tried, those of them that are tried twice because the first ones pay for what is loaded then, and
seconds after which no further one is."""
_NOTED = 1000
"""Rows of a segment of the ledger."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What the whole will take, and of how many objects that was learnt; `first` seconds more in each process."""

    totals: Totals
    tried: int
    first: float = 0.0


class _Tried(NamedTuple):
    stratum: Stratum
    row: BatchRow


def forecast(survey: Survey, work: Work, prices: Prices, scheme: str, processes: int) -> Forecast:
    """Try objects of each kind and size, and count each for all that are like it."""
    began, first, tried = time.monotonic(), 0.0, list[_Tried]()
    for pick in islice(survey.picks(), _MOST_TRIED):
        item = Item(len(tried), pick.entry.address.key, pick.entry.size)
        row = work.process(item)
        if len(tried) < _WARMING:
            cold, row = row, work.process(item)
            first += max(0.0, cold.seconds - row.seconds)
        tried.append(_Tried(pick.stratum, row))
        if time.monotonic() - began > _SECONDS:
            break
    totals = _extrapolated(survey, tried, prices)
    return Forecast(totals=_with_coordination(totals, prices, scheme, first * processes), tried=len(tried), first=first)


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


def _with_coordination(totals: Totals, prices: Prices, scheme: str, started: float) -> Totals:
    """With what the process takes that lists, hands out and notes."""
    noted = {f"{scheme} list": 2 * (totals.objects // PAGE + 1)}
    coordination = totals.objects * prices.coordination + started
    return totals + Totals(seconds=coordination, operations=noted)
