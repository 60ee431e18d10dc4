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


HERE = "http://localhost:5173"


@pytest.mark.parametrize("origin", [HERE, "http://127.0.0.1:3000", "https://localhost:8443", "http://[::1]:8000"])
def test_a_page_of_this_machine_reads_why_it_is_refused(client: httpx.Client, origin: str) -> None:
    preflight = client.options("/v1/process", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "POST" in preflight.headers["access-control-allow-methods"]
    refused = client.post("/v1/process", content=picture(), headers={"Origin": origin, "Sec-Fetch-Site": "same-site"})
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
    assert refused.json()["expected"] == f"DARKROOM_CORS_ORIGINS={origin}"
    assert refused.headers["access-control-allow-origin"] == origin
    assert "Origin" in refused.headers["vary"]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        pytest.param("GET", "/v1/filters", {"Origin": HERE}, id="what-is-not-refused"),
        pytest.param("GET", "/v1/filters/none", {"Origin": HERE}, id="another-refusal"),
        pytest.param("POST", "/v1/process", {"Origin": "https://app.example"}, id="another-machine"),
        pytest.param("POST", "/v1/process", {"Origin": "http://localhost.example"}, id="a-name-that-only-begins-so"),
        pytest.param("POST", "/v1/process", {"Origin": "null"}, id="null"),
        pytest.param("POST", "/v1/process", {"Origin": HERE, "Host": "photos.example"}, id="to-another-machine"),
        pytest.param("OPTIONS", "/v1/process", {"Origin": HERE}, id="no-preflight"),
    ],
)
def test_nothing_else_is_readable(client: httpx.Client, method: str, path: str, headers: dict[str, str]) -> None:
    told = client.request(method, path, headers=headers).headers
    assert not [name for name in told if name.startswith("access-control")]


def test_any_origin_is_not_every_visitor() -> None:
    """`*` lets no page use the permission that its visitor's browser brings along."""
    anybody = client_of(app_with(cors_origins="*", local_writes="true"))
    refused = anybody.delete(f"/v1/images/{'0' * 32}", headers={"Origin": "https://evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
