"""Spans nest, and a span's time is its own."""

import re
import time

import pytest

from service.timing import Timings


def test_a_spans_time_is_its_own() -> None:
    timings = Timings()
    timings.enter()
    timings.enter()
    timings.leave("decode", 3)
    timings.enter()
    timings.enter()
    timings.leave("inner", 2)
    timings.leave("blur", 2.5)
    timings.leave("encode", 7)
    assert timings.seconds == {"decode": 3, "inner": 2, "blur": 0.5, "encode": 1.5}


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
