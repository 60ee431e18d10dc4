"""The order in which letters of both directions are shown.

Source: Unicode Standard Annex 9, of which the implicit part (P2, P3, W1 to W7, N1, N2, I1, I2, L1, L2): characters that
embed, override or isolate count as nothing.
"""

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

Item = TypeVar("Item")

_STRONG = {"L": 0, "R": 1, "AL": 1}
_NOTHING = {"BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_NEUTRAL = {"B", "S", "WS", "ON"}
_NUMBERS = {"EN", "AN"}


def direction(text: str) -> int:
    """The level of a paragraph, by its first strong character: 1 if it runs from right to left (P2, P3)."""
    return next((_STRONG[kind] for kind in map(unicodedata.bidirectional, text) if kind in _STRONG), 0)


def bidi_levels(text: str, base: int) -> list[int]:
    """The level of each character of a line; odd ones run from right to left."""
    kinds = [unicodedata.bidirectional(char) or "L" for char in text]
    seen = [place for place, kind in enumerate(kinds) if kind not in _NOTHING]
    resolved = _neutrals(_weak([kinds[place] for place in seen], base), base)
    found = [base] * len(text)
    for place, kind in zip(seen, resolved, strict=True):
        found[place] = base + _raised(kind, base)
    for place in range(1, len(text)):  # what counts as nothing goes with the character before it
        if kinds[place] in _NOTHING:
            found[place] = found[place - 1]
    for place in reversed(range(len(text))):  # L1
        if kinds[place] not in {"WS", "S", "B", *_NOTHING}:
            break
        found[place] = base
    return found


def _raised(kind: str, base: int) -> int:
    if base % 2:
        return int(kind != "R")
    return {"L": 0, "R": 1}.get(kind, 2)


def _weak(kinds: list[str], base: int) -> list[str]:
    """W1 to W7."""
    start = "R" if base % 2 else "L"
    kinds, strong, before = list(kinds), start, start
    for place, kind in enumerate(kinds):
        kinds[place] = before if kind == "NSM" else "AN" if kind == "EN" and strong == "AL" else kind  # W1, W2
        strong = kind if kind in _STRONG else strong
        before = kinds[place]
    kinds = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for place in range(1, len(kinds) - 1):  # W4
        around = kinds[place - 1], kinds[place + 1]
        if around[0] == around[1] and (
            (kinds[place] == "ES" and around[0] == "EN") or (kinds[place] == "CS" and around[0] in _NUMBERS)
        ):
            kinds[place] = around[0]
    kinds = _terminated(kinds)
    kinds = ["ON" if kind in {"ES", "ET", "CS"} else kind for kind in kinds]  # W6
    strong = start
    for place, kind in enumerate(kinds):  # W7
        strong = kind if kind in {"L", "R"} else strong
        kinds[place] = "L" if kind == "EN" and strong == "L" else kind
    return kinds


def _terminated(kinds: list[str]) -> list[str]:
    """W5: signs beside a number belong to it."""
    groups = [(kind, len(list(group))) for kind, group in groupby(kinds)]
    made: list[str] = []
    for place, (kind, count) in enumerate(groups):
        beside = {groups[near][0] for near in (place - 1, place + 1) if 0 <= near < len(groups)}
        made += ["EN" if kind == "ET" and "EN" in beside else kind] * count
    return made


def _neutrals(kinds: list[str], base: int) -> list[str]:
    """N1, N2: what has no direction takes that of both its sides where they agree, else the paragraph's."""
    own = "R" if base % 2 else "L"
    groups = [(neutral, list(group)) for neutral, group in groupby(kinds, key=lambda kind: kind in _NEUTRAL)]
    made: list[str] = []
    for place, (neutral, group) in enumerate(groups):
        if not neutral:
            made += group
            continue
        before = _side(groups[place - 1][1][-1]) if place else own
        after = _side(groups[place + 1][1][0]) if place + 1 < len(groups) else own
        made += [before if before == after else own] * len(group)
    return made


def _side(kind: str) -> str:
    return "R" if kind in _NUMBERS else kind


def ordered(runs: Sequence[tuple[int, Item]]) -> list[tuple[int, Item]]:
    """Runs with their levels, as they are shown from left to right (L2)."""
    shown = list(runs)
    highest = max((level for level, _ in shown), default=0)
    for level in range(highest, 0, -1):
        shown = _turned(shown, level)
    return shown


def _turned(runs: list[tuple[int, Item]], least: int) -> list[tuple[int, Item]]:
    """Each stretch of runs of this level or a higher one, the other way round."""
    made: list[tuple[int, Item]] = []
    for high, group in groupby(runs, key=lambda run: run[0] >= least):
        stretch = list(group)
        made += reversed(stretch) if high else stretch
    return made
