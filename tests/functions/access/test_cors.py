"""Which pages of other sites may read our answers."""

import httpx
import pytest

from tests.functions.support import app_with, client_of, picture

APP = "https://app.example"


@pytest.fixture(scope="module")
def shared() -> httpx.Client:
    return client_of(app_with(cors_origins=f"{APP} https://two.example"))


@pytest.mark.parametrize(
    ("origin", "allowed"), [(APP, True), ("https://two.example", True), ("https://x.example", False)]
)
def test_the_preflight(shared: httpx.Client, origin: str, allowed: bool) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    headers = shared.options("/v1/process", headers=asked).headers
    assert headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert ("POST" in headers.get("access-control-allow-methods", "")) == allowed
    assert ("Content-Type" in headers.get("access-control-allow-headers", "")) == allowed
    assert "Origin" in headers["vary"]


def test_answers_and_errors_are_readable(shared: httpx.Client) -> None:
    there = {"Origin": APP, "Sec-Fetch-Site": "cross-site"}
    good = shared.post("/v1/process", content=picture(), headers=there)
    bad = shared.post("/v1/process", content=b"x", headers=there)
    assert (good.status_code, bad.status_code) == (200, 415)
    for answer in (good, bad):
        assert answer.headers["access-control-allow-origin"] == APP
        assert "Server-Timing" in answer.headers["access-control-expose-headers"]


def test_nothing_is_shared_by_default(client: httpx.Client) -> None:
    headers = client.get("/v1/filters", headers={"Origin": APP}).headers
    assert not [name for name in headers if name.startswith("access-control")]


def test_everybody() -> None:
    anybody = client_of(app_with(cors_origins="*"))
    assert anybody.get("/health", headers={"Origin": APP}).headers["access-control-allow-origin"] == APP
