"""The table and the plot of what was measured."""

from collections.abc import Mapping
from html import escape
from typing import Any

from service.batch.prices import prices

_OURS = "darkroom"
_COLOURS = ("#d9480f", "#1c7ed6", "#2f9e44", "#7048e8", "#e67700", "#868e96", "#0c8599", "#a61e4d")


_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" font-family="sans-serif" font-size="10">
<rect width="100%" height="100%" fill="#fff"/>"""
_HEAD = """## Beside other servers

Each with two processes, {clients} clients that keep their connections (or as many as a row names), {rounds} rounds of
{seconds:g} s, the peers of a row one after the other in each. Quality 80 (AVIF 60), 4:2:0, no metadata. Medians. ipx
has one process, whose library has threads of its own; it and thumbor read a file, the others get the picture in the
body. SSIM is beside Lanczos from all pixels. What a peer cannot make is left out. benchmark_app is OpenVINO's own tool
on one core, without pictures. Dollars are for the core-seconds of a million pictures, as a job of Cloud Run (1 GiB a
vCPU) and on Lambda, at the prices of service/batch/prices.toml, read {date}. Ahead says how many times as many pictures
a second we make as a peer, and how many times our CPU it takes. `DARKROOM_QUEUE=32`: others let any number wait, ours
refuses more than a container's cores can promise. `make bench-peers` measures it.

![core-milliseconds a picture](img/peers.svg)

| | | pictures/s | ahead | core-ms | ahead | bytes | SSIM | PSS, MiB | $ Cloud Run | $ Lambda |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def table(found: Mapping[Any, Mapping[str, Any]], rounds: int, seconds: float, clients: int) -> str:
    """The section's text."""
    rows = [_row(row, peer, one, peers) for row, peers in found.items() for peer, one in peers.items()]
    return _HEAD.format(clients=clients, rounds=rounds, seconds=seconds, date=prices().date) + "\n".join(rows)


def _row(row: Any, peer: str, one: Any, peers: Mapping[str, Any]) -> str:
    ours = peers.get(_OURS)
    faster, lighter = (ours.per_second / one.per_second, one.core_ms / ours.core_ms) if ours else (0.0, 0.0)
    cells = [row.name if peer == _OURS else "", peer]
    cells += [f"{one.per_second:.1f}", f"{faster:.2f}", f"{one.core_ms:.1f}", f"{lighter:.2f}"]
    likeness = f"{one.likeness:.4f}" if one.likeness else ""
    cells += [
        f"{one.nbytes:,}",
        likeness,
        f"{one.memory / 2**20:.0f}",
        *(f"{paid:.2f}" for paid in dollars(one.core_ms)),
    ]
    return f"| {' | '.join(cells)} |"


def dollars(core_ms: float) -> tuple[float, float]:
    """What the core-seconds of a million pictures cost, on Cloud Run and on Lambda."""
    compute, seconds = prices().compute, core_ms * 1e3
    return seconds * (compute.vcpu_second + compute.gib * compute.gib_second), seconds * prices().aws_lambda.vcpu_second


def plotted(found: Mapping[Any, Mapping[str, Any]]) -> str:
    """Bars of core-milliseconds a picture, ours 1 in every row; shorter is better."""
    names = list(dict.fromkeys(peer for peers in found.values() for peer in peers))
    height, bar, left, wide = 24 + sum(len(peers) * 11 + 14 for peers in found.values()), 9, 170, 420
    parts = [_SVG.format(height=height + 20)]
    for number, name in enumerate(names):
        place = 10 + number * 104
        parts.append(f'<rect x="{place}" y="6" width="9" height="9" fill="{_COLOURS[number % len(_COLOURS)]}"/>'
                     f'<text x="{place + 13}" y="14">{escape(name)}</text>')  # fmt: skip
    top = 26
    for row, peers in found.items():
        most = max(one.core_ms for one in peers.values())
        parts.append(f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{escape(row.name)}</text>')
        for name, one in peers.items():
            length = one.core_ms / most * wide
            colour = _COLOURS[names.index(name) % len(_COLOURS)]
            parts.append(f'<rect x="{left}" y="{top}" width="{length:.1f}" height="{bar}" fill="{colour}"/>'
                         f'<text x="{left + length + 4:.1f}" y="{top + 8}">{one.core_ms:.1f}</text>')  # fmt: skip
            top += 11
        top += 14
    return "\n".join([*parts, "</svg>", ""])
