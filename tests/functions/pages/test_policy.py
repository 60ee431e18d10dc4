"""The Content-Security-Policy: our own origin, and those of our own buckets; what the pages weigh."""

import re
from pathlib import Path

import httpx
import pytest

from functions.assets import address
from functions.pages.policy import content_policy
from service.settings import Settings
from tests.functions.pages.test_form import Page
from tests.functions.support import app_with, client_of

PATHS = ("/", "/once", "/darkroom", "/live", "/filters", "/models", "/docs", "/login")
OURS = (
    "default-src 'self'; img-src 'self' data: blob:{0}; media-src 'self' blob:; connect-src 'self'{0}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ORIGINS = {
    "nothing": (Settings(), ""),
    "files": (Settings(results="file://outbox"), ""),
    "Google": (Settings(results="gs://bucket/folder"), " https://storage.googleapis.com"),
    "an emulator": (Settings(results="gs://bucket", gs_endpoint="http://127.0.0.1:4443/x"), " http://127.0.0.1:4443"),
    "Amazon": (
        Settings(results="s3://bucket", s3_region="eu-west-1"),
        " https://bucket.s3.eu-west-1.amazonaws.com https://bucket.s3.amazonaws.com",
    ),
    "dots": (
        Settings(results="s3://a.b", s3_region="eu-west-1"),
        " https://s3.eu-west-1.amazonaws.com https://s3.amazonaws.com",
    ),
    "R2": (Settings(results="s3://bucket", s3_endpoint="https://r2.example/x"), " https://r2.example"),
}


@pytest.mark.parametrize(("settings", "more"), ORIGINS.values(), ids=ORIGINS)
def test_origins(settings: Settings, more: str) -> None:
    assert content_policy(settings) == OURS.format(more)


@pytest.mark.parametrize("path", PATHS)
def test_pages_keep_to_the_policy(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.headers["content-security-policy"] == OURS.format("")
    page = Page(response.text)
    assert all(
        "style" not in attrs and not any(name.startswith("on") for name in attrs)
        for found in page.found.values()
        for attrs in found
    )
    assert "style" not in page.found
    assert all(one.get("src") or one["type"] == "application/json" for one in page.found.get("script", []))
    assert [link["href"] for link in page.found["link"] if link["rel"] == "icon"] == [address("icon.svg")]


def weight(client: httpx.Client, path: str) -> int:
    """Bytes that a page takes before its pictures, as they are sent."""
    seen: dict[str, int] = {}
    queue = [path]
    while queue:
        url = queue.pop()
        if url in seen:
            continue
        response = client.get(url, headers={"Accept-Encoding": "gzip"})
        assert response.status_code == 200, url
        seen[url] = int(response.headers["content-length"])
        text = response.text
        if url.endswith(".js"):
            queue += [f"/{address(name)}" for name in re.findall(r'from "\./([\w-]+\.js)"', text)]
        elif not url.startswith("/ui/") and not url.endswith(".json"):
            queue += [f"/{link}" for link in re.findall(r'(?:src|href)="(ui/[^"]+\.(?:js|css|svg))"', text)]
    fetched = {"/docs": "/openapi.json", "/darkroom": "/v1/filters"}.get(path)
    if fetched:
        seen[fetched] = int(client.get(fetched, headers={"Accept-Encoding": "gzip"}).headers["content-length"])
    return sum(seen.values())


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_light(client: httpx.Client, path: str) -> None:
    assert weight(client, path) <= (600_000 if path == "/docs" else 150_000)


def test_files_come_compressed_and_are_revalidated(client: httpx.Client) -> None:
    plain = client.get("/ui/style.css", headers={"Accept-Encoding": "identity"})
    small = client.get("/ui/style.css", headers={"Accept-Encoding": "gzip"})
    assert plain.text == small.text
    assert (plain.headers.get("content-encoding"), small.headers["content-encoding"]) == (None, "gzip")
    assert int(small.headers["content-length"]) * 2 < int(plain.headers["content-length"])
    assert "Accept-Encoding" in small.headers["vary"]
    again = client.get("/ui/style.css", headers={"Accept-Encoding": "gzip", "If-None-Match": small.headers["etag"]})
    assert again.status_code == 304
    assert "content-encoding" not in client.get("/ui/filters/blur.webp", headers={"Accept-Encoding": "gzip"}).headers


def test_no_file_has_an_address_of_its_own() -> None:
    """Relative addresses only: a platform may serve the function below a path; nothing comes from elsewhere."""
    static = Path(__file__).parents[3] / "functions" / "pages" / "static"
    files = [*static.glob("*.js"), *static.glob("*.css"), *static.parent.glob("templates/*.html")]
    found = [
        f"{path.name}: {match[0]}"
        for path in files
        for match in re.finditer(
            r"""(?:fetch\(|src=|href=|import |url\()["']?(?:/|https?:)[^"'\s]*""", path.read_text()
        )
    ]
    assert found == []


def test_every_call_goes_through_one_module() -> None:
    """`snippets.js` shows a call, `client.js` is what `api.js` calls by."""
    static = Path(__file__).parents[3] / "functions" / "pages" / "static"
    calling = {
        path.name
        for path in static.glob("*.js")
        if re.search(r"\bfetch\(|new XMLHttpRequest|sendBeacon", path.read_text())
    }
    assert calling == {"api.js", "client.js", "snippets.js"}


def test_a_page_without_a_catalog(tmp_path: Path) -> None:
    client = client_of(app_with(catalog="none", data=str(tmp_path)))
    assert "DARKROOM_CATALOG" in client.get("/").text
    assert client.get("/picture?id=" + "0" * 32).status_code == 404
