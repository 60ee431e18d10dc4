"""One JSON line a request."""

import json
import logging
from collections.abc import Iterator

import httpx
import pytest

from functions.server import log
from functions.server.log_formats import JsonFormatter
from tests.functions.support import picture


@pytest.fixture(autouse=True)
def everything_is_logged() -> Iterator[None]:
    """Applications of other tests may have chosen another level."""
    logger = logging.getLogger("darkroom")
    before = logger.level
    log.configure("info")
    yield
    logger.setLevel(before)


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "darkroom"]


def test_one_line_a_request(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    client.post("/v1/process?pipeline=blur", content=picture(), headers={"X-Request-Id": "abc"})
    (line,) = lines(caplog)
    assert line["message"] == "POST /v1/process 200"
    assert {"severity": "INFO", "request_id": "abc", "status": 200, "pipeline": "blur"}.items() <= line.items()
    assert set(line["spans"]) >= {"read", "queue", "decode", "blur", "encode"}  # type: ignore[arg-type]
    assert {"time", "ms", "bytes_in", "bytes_out"} <= set(line)


def test_a_refusal_names_its_code(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    client.post("/v1/process", content=b"x")
    (line,) = lines(caplog)
    assert (line["status"], line["code"]) == (415, "not_an_image")


@pytest.mark.parametrize("path", ["/%0a%22x", "/%ff", "/" + "a" * 5000])
def test_hostile_paths_stay_one_line(client: httpx.Client, caplog: pytest.LogCaptureFixture, path: str) -> None:
    assert client.get(path).status_code == 404
    formatted = [JsonFormatter().format(record) for record in caplog.records if record.name == "darkroom"]
    assert len(formatted) == 1
    assert "\n" not in formatted[0]
    assert len(formatted[0]) < 1000


def test_levels() -> None:
    log.configure("error")
    assert not logging.getLogger("darkroom").isEnabledFor(logging.INFO)
