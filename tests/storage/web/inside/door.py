"""Pictures from the web through /v1/process."""

import httpx
import pytest

from tests.functions.support import app_with, client_of, decoded, picture
from tests.storage.web.inside.asking import to
from tests.storage.web.world import HOST, World

PNG = picture("png")


@pytest.fixture(scope="module")
def door() -> httpx.Client:
    return client_of(app_with(sources="https://pictures.test/public/ http://", log_level="error"))


def ask(door: httpx.Client, source: str) -> httpx.Response:
    return door.post("/v1/process", json={"source": source, "pipeline": "resize:16"})


def test_a_picture_from_the_web(world: World, door: httpx.Client) -> None:
    world.pages = {"/public/%C3%BC%20b.png?c=d": lambda visitor: visitor.answer(PNG, ETag='"a"')}
    response = ask(door, f"https://{HOST}/public/ü%20b.png?c=d")
    assert response.status_code == 200, response.text
    assert decoded(response.content).shape[1] == 16
    assert "%C3%BC%20b.png" in response.headers["content-disposition"]


DOOR = {
    "not on the list": (f"https://{HOST}/private/a", 403, "not_allowed"),
    "up": (f"https://{HOST}/public/%2e%2e/private/a", 400, "bad_address"),
    "metadata": ("http://169.254.169.254/latest/meta-data/", 403, "not_public"),
    "loopback": ("http://127.0.0.1/health", 403, "not_public"),
    "localhost": ("http://localhost/health", 400, "bad_address"),
    "redirected": (f"https://{HOST}/public/from", 403, "not_public"),
    "not there": (f"https://{HOST}/public/nothing", 404, "no_object"),
    "no host": ("http://nobody.test/a", 404, "no_bucket"),
    "no picture": (f"https://{HOST}/public/text", 415, "not_an_image"),
}


@pytest.mark.parametrize(("source", "status", "code"), DOOR.values(), ids=DOOR)
def test_refused_at_the_door(world: World, door: httpx.Client, source: str, status: int, code: str) -> None:
    world.pages = {
        "/public/from": to("http://169.254.169.254/a"),
        "/public/nothing": lambda visitor: visitor.answer(b"", "404 Not Found"),
        "/public/text": lambda visitor: visitor.answer(b"text" * 100),
    }
    response = ask(door, source)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert world.trapped == []
