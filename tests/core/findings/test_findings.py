"""Regions follow geometry; what is no longer seen goes."""

import numpy as np
import pytest

from core.findings.findings import Findings, Mark
from core.findings.region import Region

SQUARE = Region(((10, 10), (30, 10), (30, 30), (10, 30)))


def test_box_is_clipped_and_quad_is_written_only_where_it_is_not_upright() -> None:
    assert SQUARE.to_json(20, 25) == {"box": [10, 10, 10, 15]}
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
    turned = SQUARE.follow(turn, 100, 100)
    assert turned is not None
    shown = turned.to_json(100, 100)
    assert shown["quad"][0] == [2.0, 14.0]
    assert shown["box"] == [0, 14, 18, 28]


@pytest.mark.parametrize(("shift", "left"), [(0, 1), (-27.9, 1), (-28.1, 0)], ids=["all", "over 10 %", "under 10 %"])
def test_mark_goes_when_under_a_tenth_is_left(shift: float, left: int) -> None:
    findings = Findings({"qr": [Mark(region=SQUARE, facts={"text": "x"})], "phash": "ff"})
    moved = findings.follow(np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1.0]]), 100, 100)
    assert len(moved.measures["qr"]) == left
    assert moved.measures["phash"] == "ff"


def test_what_lies_behind_the_horizon_goes() -> None:
    tilt = np.array([[1, 0, 0], [0, 1, 0], [0, -0.02, 1.0]])  # all below y = 50 is behind
    for top in (45, 60, 90):
        behind = Region(((10, top), (20, top), (20, top + 10), (10, top + 10)))
        findings = Findings(measures={"qr": [Mark(region=behind, facts={})]})
        assert findings.follow(tilt, 100, 100).measures["qr"] == []
