"""A picture in place of a missing one: still a 404, and nothing that anybody keeps."""

from pathlib import Path

import httpx
import numpy as np
import pytest

from functions.http import Darkroom
from service.service import Service
from service.settings import SettingsError
from tests.functions.routes.images.conftest import kept
from tests.functions.support import client_of, decoded, picture

MISSING = "/v1/render/resize:48/-/file/in/gone.jpg"
NO_IMAGE = "/v1/images/0123456789abcdef/resize:48"


@pytest.fixture
def app(folder: Path) -> Darkroom:
    """A server with a placeholder."""
    (folder / "placeholder.png").write_bytes(picture("png"))
    return kept(folder, sources="file://in/", placeholder=str(folder / "placeholder.png"))


@pytest.mark.parametrize("address", [MISSING, NO_IMAGE])
@pytest.mark.parametrize(("accept", "expected"), [("", "image/png"), ("image/webp,*/*", "image/webp")])
def test_it_goes_through_the_same_steps(client: httpx.Client, address: str, accept: str, expected: str) -> None:
    for _ in range(2):
        response = client.get(address, headers={"Accept": accept})
        assert response.status_code == 404
        assert response.headers["content-type"] == expected
        assert decoded(response.content).shape[1] == 48
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers
        assert response.headers["vary"] == "Accept"
        assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_head_has_no_body_and_the_same_status(client: httpx.Client) -> None:
    response = client.head(MISSING)
    assert (response.status_code, response.content) == (404, b"")


def test_a_picture_that_is_there_is_shown(client: httpx.Client) -> None:
    response = client.get("/v1/render/resize:48/-/file/in/a.jpg")
    assert response.status_code == 200
    assert response.headers["etag"]


REFUSED = {
    "no such source": ("/v1/render/resize:48/-/file/secret/gone.jpg", 403),
    "no such step": ("/v1/render/resise:48/-/file/in/gone.jpg", 400),
    "json": ("/v1/render/palette/-/file/in/gone.jpg", 404),
    "json asked for": (f"{MISSING}?format=json", 404),
    "a crop that does not fit": ("/v1/render/crop:900,900,50,50/-/file/in/gone.jpg", 404),
}


@pytest.mark.parametrize(("address", "status"), REFUSED.values(), ids=REFUSED)
def test_what_stays_an_error(client: httpx.Client, address: str, status: int) -> None:
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_without_the_setting_it_is_the_error(folder: Path) -> None:
    response = client_of(kept(folder, sources="file://in/")).get(MISSING)
    assert response.json()["code"] == "no_object"


@pytest.mark.parametrize("content", [None, b"no picture"], ids=["no file", "no picture"])
def test_a_setting_that_names_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "p.png"
    if content:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="DARKROOM_PLACEHOLDER is not a picture"):
        Service.open({"DARKROOM_PLACEHOLDER": str(path), "DARKROOM_AUTH": "none"})


def test_it_is_made_once(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get(MISSING)
    monkeypatch.setattr("service.render.renderer.process_payload", None)
    assert np.array_equal(decoded(client.get(MISSING).content), decoded(first.content))
