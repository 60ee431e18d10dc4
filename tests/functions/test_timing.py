"""Spans nest, and a span's time is its own."""

import re
import time

import pytest

from functions.timing import Timings


def test_a_spans_time_is_its_own() -> None:
    timings = Timings()
    with timings.span("encode"):
        with timings.span("decode"):
            time.sleep(0.03)
        with timings.span("blur"), timings.span("inner"):
            time.sleep(0.02)
        time.sleep(0.01)
    assert timings.seconds["decode"] == pytest.approx(0.03, abs=0.009)
    assert timings.seconds["inner"] == pytest.approx(0.02, abs=0.009)
    assert timings.seconds["encode"] == pytest.approx(0.01, abs=0.009)
    assert timings.seconds["blur"] < 0.005


def test_the_same_name_adds_up_and_errors_are_counted() -> None:
    timings = Timings()
    for _ in range(2):
        with pytest.raises(KeyError), timings.span("blur"):
            fail_after(0.01)
    assert timings.seconds["blur"] >= 0.02


def fail_after(seconds: float) -> None:
    time.sleep(seconds)
    raise KeyError


def test_the_header() -> None:
    timings = Timings()
    with timings.span("decode"):
        pass
    assert re.fullmatch(r"decode;dur=\d+\.\d, total;dur=\d+\.\d", timings.header())
