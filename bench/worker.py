"""Our worker beside gunicorn's own threaded one: interleaved rounds at 4 and at 64 clients."""

import statistics
import time
from typing import NamedTuple

from bench import client
from bench.marks import mark
from bench.server import Server, serving

CLIENTS = (4, 64)
ROUNDS, SECONDS = 9, 2.0
LEAST = 0.98  # of 1: below it, the difference is more than the measurement's own
_STOCK = ("--worker-class=gthread", "--threads=16")
_REQUEST = client.get("/v1/version")


class Side(NamedTuple):
    """One server in one round: answers a second, and core-milliseconds an answer."""

    rate: float
    core_ms: float


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    rows = []
    with serving(1, arguments=_STOCK) as stock, serving(1) as ours:
        for clients in CLIENTS:
            for server in (stock, ours):
                _measured(server, clients, SECONDS / 2)
            rounds = [_round(stock, ours, clients, first=number % 2) for number in range(ROUNDS)]
            rows.append(_row(clients, rounds))
    return _TEXT.format(rows="\n".join(row for row, _ in rows), rounds=ROUNDS, seconds=SECONDS), all(
        met for _, met in rows
    )


_TEXT = """## The worker beside gunicorn's own

One process with our worker, another one with gunicorn's gthread and 16 threads; `GET /v1/version` on connections that
are kept. A round is both, {seconds:g} s each, in turn first and second; {rounds} rounds. Ratios are ours to gthread's,
more is better; the table has their median and, in brackets, the least and the greatest. Throughput at equal CPU is the
ratio of core-milliseconds an answer. Target: ≥ 1.0, less 2 % for the measurement itself.

| clients | gthread, 1/s | ours, 1/s | throughput | core-ms: gthread / ours | throughput at equal CPU | |
|---|---|---|---|---|---|---|
{rows}
"""


def _round(stock: Server, ours: Server, clients: int, first: int) -> tuple[Side, Side]:
    if first:
        own = _measured(ours, clients, SECONDS)
        return _measured(stock, clients, SECONDS), own
    return _measured(stock, clients, SECONDS), _measured(ours, clients, SECONDS)


def _measured(server: Server, clients: int, seconds: float) -> Side:
    before = server.core_seconds()
    answers, took = client.load(server.port, [_REQUEST], clients, seconds)
    time.sleep(0.05)
    return Side(answers / took, (server.core_seconds() - before) / answers * 1e3)


def _row(clients: int, rounds: list[tuple[Side, Side]]) -> tuple[str, bool]:
    rates = [ours.rate / stock.rate for stock, ours in rounds]
    work = [stock.core_ms / ours.core_ms for stock, ours in rounds]
    met = min(statistics.median(rates), statistics.median(work)) >= LEAST
    stock, ours = (Side(*map(statistics.median, zip(*side, strict=True))) for side in zip(*rounds, strict=True))
    cells = [str(clients), f"{stock.rate:.0f}", f"{ours.rate:.0f}", _spread(rates)]
    cells += [f"{stock.core_ms:.2f} / {ours.core_ms:.2f}", _spread(work), mark(met)]
    return f"| {' | '.join(cells)} |", met


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
