"""What the command of batches says: progress, forecasts and summaries."""

import time
from collections import deque
from typing import TextIO

from service.batch.bounds import BatchBounds, Summary
from service.batch.forecast import Forecast
from service.batch.prices import prices
from service.batch.row import Totals

_SHOWN, _LOGGED = 1.0, 30.0
"""Seconds between two lines of progress: on a terminal, and in a log."""
_REMEMBERED = 60
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Progress:
    """Says how far a run is, how fast it goes and how long it will take. `expected`: how many are left; 0: unknown."""

    def __init__(self, stream: TextIO, expected: int, before: int) -> None:
        self._stream, self._whole = stream, expected + before if expected else 0
        self._is_terminal = stream.isatty()
        self._known = deque([(time.monotonic(), before)], maxlen=_REMEMBERED)

    def tick(self, totals: Totals) -> None:
        """Say something, if it is time to."""
        now = time.monotonic()
        if now - self._known[-1][0] >= (_SHOWN if self._is_terminal else _LOGGED):
            self._known.append((now, totals.objects))
            self._say(totals)

    def end(self, totals: Totals) -> None:
        """Say it a last time."""
        self._known.append((time.monotonic(), totals.objects))
        self._say(totals)
        if self._is_terminal:
            self._stream.write("\n")

    def _say(self, totals: Totals) -> None:
        text = progress_text(totals, self._whole, self._rate())
        self._stream.write(f"\r\x1b[K{text}" if self._is_terminal else f"{text}\n")
        self._stream.flush()

    def _rate(self) -> float:
        """Objects a second, over the last moments."""
        (began, before), (now, objects) = self._known[0], self._known[-1]
        return (objects - before) / (now - began) if now > began else 0.0


def progress_text(totals: Totals, whole: int, rate: float) -> str:
    """One line: how many of how many, how many failed, how fast, and how long it will take."""
    parts = [f"{totals.objects:,}" + (f" of {whole:,} objects" if whole else " objects")]
    parts += [f"{totals.failed:,} failed"] if totals.failed else []
    parts += [f"{rate:,.1f}/s"] if rate else []
    parts += [f"{duration((whole - totals.objects) / rate)} left"] if rate and whole > totals.objects else []
    return " · ".join(parts)


def forecast_text(found: Forecast, bounds: BatchBounds) -> str:
    """What a batch would take, before anything is written."""
    totals = found.totals
    workers = bounds.processes
    lines = [
        f"objects     {totals.objects:,}, {size(totals.bytes)}",
        f"results     {totals.wrote:,} to write; about {totals.failed:,} objects cannot be processed",
        *_costs(totals),
        f"time        about {duration(totals.seconds / workers)} on this machine with {_count(workers, 'process')}",
    ]
    return "\n".join([*lines, f"Learnt from {_count(found.tried, 'object')}. Nothing has been written.", ""])


def summary_text(summary: Summary) -> str:
    """How a start went, and what to do next."""
    totals, used = summary.totals, summary.used
    lines = [f"{_count(totals.objects, 'object')}, {totals.wrote:,} results written, {totals.failed:,} failed."]
    if used.objects:
        lines += [f"This start: {_count(used.objects, 'object')} in {duration(summary.elapsed)}.", *_costs(used)]
    lines += [f"  {count:>8,}  {code}" for code, count in sorted(totals.reasons.items(), key=lambda one: -one[1])]
    if not summary.ended:
        stopped = summary.stopped.rstrip(".")
        lines += [f"Stopped {stopped}. The same command goes on from here, and makes nothing twice."]
    elif summary.stopped:
        lines += [summary.stopped]
    elif totals.failed:
        lines += ["The same command with --failures FILE.csv tells why; with --retry-failed it tries them again."]
    return "\n".join([*lines, f"Ledger: {summary.place}", ""])


def _costs(totals: Totals) -> list[str]:
    known = prices()
    dollars = known.dollars(totals)
    operations = ", ".join(f"{count:,} {name}" for name, count in sorted(totals.operations.items()))
    parts = f"{dollars.compute:.4f} for computing as a job of Cloud Run, {dollars.operations:.4f} for operations"
    return [
        f"computing   {totals.seconds / 3600:.4f} core hours ({totals.seconds:,.1f} core-seconds)",
        f"operations  {operations or 'none'}",
        f"dollars     {dollars.total:.4f}: {parts}, at prices of {known.date}",
    ]


def duration(seconds: float) -> str:
    """A time to read: 40 s, 12 min, 6 h 12 min, 3 d 4 h."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def size(count: float) -> str:
    """Bytes to read: 3.2 GB."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_UNITS[unit]}"


def _count(number: int, what: str) -> str:
    plural = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"
