"""A render that was made before, against a static file of the same bytes from the same server: interleaved rounds."""

import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench import client, pictures
from bench.marks import mark
from bench.server import Server, serving

CLIENTS, WORKERS = 4, 2
ROUNDS, SECONDS = 7, 1.0
TARGET = 0.8
PATHS = {
    "an address": "/v1/render/resize:640/-/file/in/a.jpg?format=webp",
    "a preset": "/v1/render/preset:thumbnail/-/file/in/a.jpg",
    "several steps": "/v1/render/resize:800,600,fit=cover/blur:3/sepia/-/file/in/a.jpg?format=jpeg&quality=80",
}


class Row(NamedTuple):
    """One path: answers a second of render and static file, round by round, and the bytes of each."""

    name: str
    size: int
    rounds: list[tuple[float, float]]

    @property
    def ratios(self) -> list[float]:
        """Render to static file, round by round."""
        return [render / static for render, static in self.rounds]


def run() -> tuple[str, bool]:
    """The section's text, and whether the target is met."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("in", "own", "static"):
            (root / name).mkdir()
        (root / "in" / "a.jpg").write_bytes(pictures.jpeg(pictures.sources()[0], 2.0))
        settings = {"DARKROOM_FILES": folder, "DARKROOM_SOURCES": "file://in/", "DARKROOM_RESULTS": "file://own",
                    "DARKROOM_LOCAL_WRITES": "true",
                    "DARKROOM_DATA": str(root / "data"), "BENCH_STATIC": str(root / "static")}  # fmt: skip
        with serving(WORKERS, "bench.render_app:app", **settings) as server:
            rows = [_row(server, name, path, root / "static") for name, path in PATHS.items()]
    ratios = {row.name: statistics.median(row.ratios) for row in rows}
    lines = "\n".join(_line(row, ratios[row.name]) for row in rows)
    text = _TEXT.format(workers=WORKERS, clients=CLIENTS, seconds=SECONDS, rounds=ROUNDS, target=TARGET, rows=lines)
    return text, min(ratios.values()) >= TARGET


_TEXT = """## A render that was made before

The same server ({workers} workers, {clients} clients that keep their connections) answers a render that it made before,
and a static file of the same bytes, in turn: {rounds} rounds of {seconds:g} s each. Each render looks at its source's
version. Ratios are taken within a round; the median, and in brackets the least and the greatest. Target: ≥ {target}.

| render | bytes | render, 1/s | static file, 1/s | ratio | |
|---|---|---|---|---|---|
{rows}
"""


def _row(server: Server, name: str, path: str, static: Path) -> Row:
    connection = client.Connection(server.port)
    render = _get(path)
    status, body = connection.exchange(render)
    if status != 200:
        raise RuntimeError(f"{path}: {status} {bytes(body[:300])!r}")
    data = bytes(body)
    connection.socket.close()
    file = static / f"{len(list(static.iterdir()))}.jpg"
    file.write_bytes(data)
    plain = _get(f"/ui/{file.name}")
    for request in (render, plain):
        client.load(server.port, [request], CLIENTS, 0.5)
    return Row(name, len(data), [_round(server, render, plain) for _ in range(ROUNDS)])


def _round(server: Server, render: bytes, plain: bytes) -> tuple[float, float]:
    first, second = (client.load(server.port, [request], CLIENTS, SECONDS) for request in (render, plain))
    return first[0] / first[1], second[0] / second[1]


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def _line(row: Row, ratio: float) -> str:
    render, static = (statistics.median(side) for side in zip(*row.rounds, strict=True))
    spread = f"{ratio:.2f} ({min(row.ratios):.2f}–{max(row.ratios):.2f})"
    return f"| {row.name} | {row.size:,} | {render:.0f} | {static:.0f} | {spread} | {mark(ratio >= TARGET)} |"
