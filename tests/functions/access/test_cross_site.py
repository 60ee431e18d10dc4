"""What a page of another site can do with its visitor's browser: see nothing, store nothing, load nothing."""

from pathlib import Path

import httpx
import pytest

from functions.access.auth import SESSION_COOKIE
from service.render.links import sign_url
from tests.functions.access.support import Keys
from tests.functions.access.test_matrix import Peer
from tests.functions.routes.images.test_images import objects
from tests.functions.support import app_with, picture

SIGNING_KEY = "the signing key of these tests, 32 or more"
RENDER = "/v1/render/resize:48/-/file/in/a.png?format=webp"
SEES = "/v1/render/detect/count/-/file/in/a.png"
CROSS = [
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    {"Origin": "https://evil.example"}, {"Origin": "null"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
]  # fmt: skip

OURS = [
    {}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
    {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"},
]  # fmt: skip


class Site:
    """A server, its bucket, and requests with what a visitor's browser brings along."""

    def __init__(self, folder: Path, via: str, peer: str = "127.0.0.1", **settings: str) -> None:
        for name in ("in", "own"):
            (folder / name).mkdir()
        (folder / "in" / "a.png").write_bytes(picture())
        keys = Keys(folder / "keys.json")
        (folder / "presets.toml").write_text('small = "resize:48"\n')
        self.app = app_with(
            **{
                "files": str(folder), "results": "file://own", "sources": "file://in/", "data": str(folder / "data"),
                "keys": str(keys.path), "signing_key": SIGNING_KEY, "cors_origins": "https://app.example",
                "presets": str(folder / "presets.toml"), **settings,
            }
        )  # fmt: skip
        self.own = folder / "own"
        self.headers = {}
        if via == "cookie":
            self.headers = {"Cookie": f"{SESSION_COOKIE}={self.app.service.authenticator.login(keys.texts['all'])}"}
        self.client = httpx.Client(transport=Peer(self.app, peer), base_url="http://localhost")

    def get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        return self.client.get(path, headers={**self.headers, **headers})

    def stored(self) -> int:
        return len(objects(self.own))


def site(folder: Path, via: str) -> Site:
    return Site(folder, via, auth="keys") if via == "cookie" else Site(folder, via)


@pytest.mark.parametrize("via", ["local", "cookie"])
@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_another_sites_page_stores_nothing(tmp_path: Path, via: str, headers: dict[str, str]) -> None:
    there = site(tmp_path, via)
    for path in (RENDER, "/v1/render/preset:small/-/file/in/a.png"):
        response = there.get(path, headers)
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        assert response.status_code == 200
    assert there.stored() == 0


@pytest.mark.parametrize("via", ["local", "cookie"])
@pytest.mark.parametrize("headers", OURS, ids=str)
def test_our_own_page_does(tmp_path: Path, via: str, headers: dict[str, str]) -> None:
    there = site(tmp_path, via)
    response = there.get(RENDER, headers)
    assert (response.status_code, there.stored()) == (200, 1)
    assert response.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("via", ["local", "cookie"])
@pytest.mark.parametrize("path", [SEES, "/v2/models/shapes", "/v2/models/shapes/versions/1"])
def test_another_sites_page_loads_nothing(tmp_path: Path, via: str, path: str) -> None:
    there = site(tmp_path, via)
    for headers in CROSS[:3]:
        response = there.get(path, headers)
        assert (response.status_code, response.json()["code"]) == (403, "cross_site")
        assert there.app.service.models.state("shapes").state != "ready"
    assert there.get(path, {"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert there.app.service.models.state("shapes").state == "ready"
    assert there.get(path, CROSS[0]).status_code == 200, "what is loaded is answered"


FOR_OTHER_SITES = {
    "none": ({"auth": "none"}, RENDER), "platform": ({"auth": "platform"}, RENDER),
    "none, a preset": ({"auth": "none"}, "/v1/render/preset:small/-/file/in/a.png"),
    "none, signed": ({"auth": "none"}, sign_url(SIGNING_KEY, RENDER)),
    "keys, signed": ({"auth": "keys"}, sign_url(SIGNING_KEY, RENDER)),
    "nobody, signed": ({}, sign_url(SIGNING_KEY, RENDER)),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "path"), FOR_OTHER_SITES.values(), ids=FOR_OTHER_SITES)
@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.7"])
def test_renders_for_other_sites(tmp_path: Path, settings: dict[str, str], path: str, peer: str) -> None:
    """Where nobody's cookie or address is what permits it, an `<img>` anywhere may show it."""
    there = Site(tmp_path, "none", peer, **settings)
    response = there.get(path, CROSS[0])
    assert (response.status_code, there.stored()) == (200, 1)
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
