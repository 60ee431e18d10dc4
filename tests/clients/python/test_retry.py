from datetime import UTC, datetime

import pytest
from darkroom_client.retry import Backoff, retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("3", 3.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="zero"),
        pytest.param("Sun, 01 Mar 2026 12:00:07 GMT", 7.0, id="date"),
        pytest.param("Sun, 01 Mar 2026 12:00:07 -0000", 7.0, id="date-without-zone"),
        pytest.param("Sun, 01 Mar 2026 11:00:00 GMT", 0.0, id="past-date"),
        pytest.param("9" * 5000, float("inf"), id="endless"),
        pytest.param(None, None, id="absent"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="word"),
        pytest.param("-1", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("²", None, id="no-ascii-digit"),
        pytest.param("Sun, 99 Mar 2026 12:00:07 GMT", None, id="no-such-day"),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("attempt", "asked", "least", "most"),
    [
        pytest.param(0, None, 0.0, 0.5, id="first"),
        pytest.param(2, None, 0.0, 2.0, id="doubles"),
        pytest.param(7, None, 0.0, 8.0, id="capped"),
        pytest.param(1, 5.0, 5.0, 6.0, id="never-before-it-is-asked"),
        pytest.param(0, 60.0, 60.0, 60.5, id="longest"),
    ],
)
def test_pause_lies_between(attempt: int, asked: float | None, least: float, most: float) -> None:
    pauses = [Backoff(retries=10).pause(attempt, asked) for _ in range(200)]
    assert all(pause is not None and least <= pause <= most for pause in pauses)
    assert len(set(pauses)) > 100, "jitter is missing"


@pytest.mark.parametrize(
    ("attempt", "asked"),
    [pytest.param(3, None, id="retries-spent"), pytest.param(0, 61.0, id="asked-for-too-long")],
)
def test_gives_up(attempt: int, asked: float | None) -> None:
    assert Backoff(retries=3).pause(attempt, asked) is None
