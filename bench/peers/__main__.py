"""`make bench-peers`: other image servers beside ours, in interleaved rounds.

python -m bench.peers [--rounds 7] [--seconds 2] [--clients 4] [--requests 20000] [--only "fit 512"] [--curves]

Writes the section of docs/benchmarks.md and docs/img/peers.svg: half an hour, or with
`--rounds 3 --seconds 1` a quarter. `--only` measures some rows and `--curves` only what is about us alone; both only
print.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bench import client
from bench.__main__ import machine, write
from bench.peers.curves import measured
from bench.peers.page import plotted, table
from bench.peers.peers import PEERS, THUMBOR, Running, running
from bench.peers.rows import ROWS, Row, decoded, lanczos, sources, ssim
from bench.server import ROOT
from bench.sight_tools import NETWORK


class Sample(NamedTuple):
    """One round of one peer: pictures a second, core-milliseconds a picture."""

    per_second: float
    core_ms: float


class Measured(NamedTuple):
    """A row of one peer: medians; bytes of the result, its SSIM beside Lanczos (0 where that says nothing), PSS."""

    per_second: float
    core_ms: float
    nbytes: int
    likeness: float
    memory: int


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round and peer")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--only", default="", help="part of a row's name")
    parser.add_argument("--requests", type=int, default=20_000, help="before memory is read again")
    parser.add_argument("--curves", action="store_true", help="nothing but our own curves")
    given = parser.parse_args()
    if not any(given.only in row.name for row in ROWS):
        parser.error(f'no row has "{given.only}" in its name: {", ".join(row.name for row in ROWS)}')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is measured is stopped too
    found = {} if given.curves else _rows(given)
    curves = "" if given.only else measured(given.rounds, given.seconds, given.requests)
    print(curves)
    if not (given.only or given.curves):
        (ROOT / "docs" / "img" / "peers.svg").write_text(plotted(found))
        write(
            "peers",
            table(found, given.rounds, given.seconds, given.clients) + f"\n{curves}\nMeasured on {machine()}.\n",
        )
    return 0


def _rows(given: argparse.Namespace) -> dict[Row, dict[str, Measured]]:
    """All rows, each told as soon as it is measured."""
    found: dict[Row, dict[str, Measured]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        sources(folder)
        (folder / "thumbor.conf").write_text(THUMBOR.format(folder=name))
        servers = [stack.enter_context(running(peer, folder)) for peer in PEERS]
        for row in (row for row in ROWS if given.only in row.name):
            found[row] = _row(row, servers, folder, given)
            for peer, one in found[row].items():
                print(f"{row.name:24} {peer:16} {one.per_second:7.1f}/s {one.core_ms:7.1f} core-ms "
                      f"{one.nbytes:8} bytes  SSIM {one.likeness:.4f}  {one.memory >> 20} MiB", flush=True)  # fmt: skip
    return found


def _row(row: Row, servers: list[Running], folder: Path, given: argparse.Namespace) -> dict[str, Measured]:
    """All peers at one row, their rounds interleaved."""
    asked: list[tuple[Running, bytes, bytes]] = []
    for server in servers:
        request = server.peer.request(row, folder / row.source)
        made = request and _answer(server, request)
        if request and made:
            asked.append((server, request, made))
    clients = row.clients or given.clients
    samples = [
        [_round(server, request, clients, given.seconds) for server, request, _ in asked] for _ in range(given.rounds)
    ]
    wanted = lanczos(folder / row.source, row.scaled) if row.scaled else None
    alone = {"benchmark_app": _benchmark_app(given.seconds)} if row.kind == "json" and clients == 1 else {}
    return alone | {
        server.peer.name: Measured(
            statistics.median(one.per_second for one in rounds),
            statistics.median(one.core_ms for one in rounds),
            len(made),
            ssim(wanted, decoded(made)) if wanted is not None else 0.0,
            server.memory(),
        )
        for (server, _, made), rounds in zip(asked, zip(*samples, strict=True), strict=True)
    }


def _answer(server: Running, request: bytes) -> bytes | None:
    """The picture; None where the peer cannot make it, which is said."""
    connection = client.Connection(server.port)
    try:
        status, body = connection.exchange(request)
        if status == 200:
            return bytes(body)
        print(f"{server.peer.name}: {status} {bytes(body[:200])!r}", file=sys.stderr)
    except (RuntimeError, ValueError, IndexError, OSError) as error:
        print(f"{server.peer.name}: {error}", file=sys.stderr)
    finally:
        connection.socket.close()
    return None


def _round(server: Running, request: bytes, clients: int, seconds: float) -> Sample:
    before = server.core_seconds()
    answers, took = client.load(server.port, [request], clients, seconds)
    return Sample(answers / took, (server.core_seconds() - before) / answers * 1e3)


def _benchmark_app(seconds: float) -> Measured:
    """OpenVINO's own tool with the same network on one core: no picture, no HTTP; its memory is not read."""
    core = str(min(os.sched_getaffinity(0)))
    tool = ["taskset", "--cpu-list", core, str(Path(sys.executable).with_name("benchmark_app"))]
    how = ["-hint", "latency", "-infer_precision", "f32", "-t", str(max(2, round(seconds)))]
    done = subprocess.run([*tool, "-m", str(NETWORK), "-d", "CPU", *how], capture_output=True, text=True, check=True)
    found = re.search(r"Throughput:\s+([\d.]+)", done.stdout)
    per_second = float(found[1]) if found else 0.0
    return Measured(per_second, 1e3 / per_second if per_second else 0.0, 0, 0.0, 0)


if __name__ == "__main__":
    sys.exit(main())
