"""Signed links as the only permission: of a stranger's every request, just the read that was signed is answered."""

import re
import time
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from functions.http import Darkroom
from functions.routing import Route
from service.render import links
from tests.functions.routes.images.conftest import KEY, kept
from tests.functions.routes.images.test_images import put
from tests.functions.support import app_with, client_of, picture

FAR = {"REMOTE_ADDR": "192.0.2.1"}
NEW = "the key that comes after it, 32 or more"
SOON = int(time.time()) + 3600
WHAT = {
    "a render": "/v1/render/resize:48/-/file/in/a.jpg?format=png",
    "a stored picture's render": "/v1/images/ID/resize:48?format=webp",
    "an original": "/v1/images/ID/original",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("links")
    (made / "in").mkdir()
    (made / "in" / "a.jpg").write_bytes(picture("jpg"))
    return made


@pytest.fixture(scope="module")
def app(folder: Path) -> Darkroom:
    """Nobody but this machine is served, without a link."""
    return kept(folder, sources="file://in/", signing_key_2=NEW)


@pytest.fixture(scope="module")
def id_(app: Darkroom) -> str:
    return str(put(client_of(app))["id"])


def ask(app: Darkroom, url: str, method: str = "GET", **headers: str) -> TestResponse:
    return app.test_client().open(url, method=method, headers=headers, environ_overrides=FAR)


def told(response: TestResponse) -> tuple[int, str | None]:
    return response.status_code, None if response.status_code < 400 else response.get_json()["code"]


@pytest.mark.parametrize("key", [KEY, NEW], ids=["the key", "the second key"])
@pytest.mark.parametrize("what", WHAT.values(), ids=WHAT)
def test_a_link_is_enough(app: Darkroom, id_: str, what: str, key: str) -> None:
    url = links.sign_url(key, what.replace("ID", id_), SOON)
    whole = ask(app, url)
    assert told(whole) == (200, None)
    assert told(ask(app, url, "HEAD")) == (200, None)
    assert ask(app, url, Range="bytes=0-3").data == whole.data[:4]
    assert told(ask(app, url, If_None_Match=whole.headers["ETag"])) == (304, None)


@pytest.mark.parametrize("what", WHAT.values(), ids=WHAT)
def test_anything_else_is_refused(app: Darkroom, id_: str, what: str) -> None:
    plain = what.replace("ID", id_)
    signed = links.sign_url(KEY, plain, SOON)
    refused = {
        "unsigned": (plain, 401, "unauthorized"),
        "expired": (links.sign_url(KEY, plain, SOON - 7200), 403, "expired_link"),
        "later": (signed.replace(str(SOON), str(SOON + 1)), 403, "bad_signature"),
        "by a stranger": (links.sign_url(KEY[::-1], plain, SOON), 403, "bad_signature"),
        "with more": (f"{signed}&quality=5", 403, "bad_signature"),
        "twice": (f"{signed}&sig={signed[-32:]}", 403, "bad_signature"),
        "the picture itself": (signed.replace("/original", "").replace("/resize:48", ""), None, None),
    }
    for name, (url, status, code) in refused.items():
        response = ask(app, url)
        if status is None:
            assert response.status_code >= 400, name
        else:
            assert told(response) == (status, code), name
        assert "sig=" not in response.get_data(as_text=True), name


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/images/ID"), ("GET", "/v1/images/ID"), ("GET", "/v1/images"), ("POST", "/v1/images"),
        ("POST", "/v1/process"), ("GET", "/v1/models"), ("POST", "/events"),
    ],
)  # fmt: skip
def test_a_link_permits_nothing_else(app: Darkroom, id_: str, method: str, path: str) -> None:
    signed = links.sign_url(KEY, f"/v1/images/{id_}/original", SOON)
    url = f"{path.replace('ID', id_)}?{signed.partition('?')[2]}"
    assert told(ask(app, url, method))[0] in {401, 403}


# --- every route ---------------------------------------------------------------------------------------------------

BARE = app_with()
ENTRIES = {f"{method} {route.path}": (route, method) for route in BARE.routes for method in route.methods}
SAMPLES = {
    "address": "resize:48/-/file/in/a.jpg", "pipeline": "resize:48", "id": "ID", "token": "a.b", "name": "shapes",
    "version": "1", "filename": "icon.svg",
}  # fmt: skip


def path_of(route: Route, id_: str) -> str:
    """A path of a route, with something in the place of its variables."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: SAMPLES[found[1]].replace("ID", id_), route.path)


def signed_anyway(path: str, method: str, expires: int = SOON) -> str:
    """A genuine signature even of what no link is for, as if the command had made it."""
    query = f"expires={expires}&key={links.key_id(KEY)}"
    return f"{path}?{query}&sig={links._signature(KEY, method, path.encode(), query.encode())}"


@pytest.mark.parametrize(("route", "method"), ENTRIES.values(), ids=ENTRIES)
def test_every_route(app: Darkroom, id_: str, route: Route, method: str) -> None:
    """A link permits what its route says, and on every other route it is as good as none."""
    path = path_of(route, id_)
    links_ = {
        "unsigned": path,
        "signed": signed_anyway(path, method),
        "expired": signed_anyway(path, method, SOON - 7200),
        "tampered": signed_anyway(path, method)[:-1] + "x",
    }
    found = {name: ask(app, url, method) for name, url in links_.items()}
    if route.permit == "link":
        assert told(found["unsigned"]) == (401, "unauthorized")
        assert told(found["signed"]) == (200, None)
        assert told(found["expired"]) == (403, "expired_link")
        assert told(found["tampered"]) == (403, "bad_signature")
    else:
        without = {response.status_code for response in found.values()}
        assert len(without) == 1
        assert without == {401} or route.scope == "public" or route.permit == "sender"


def test_which_routes_links_are_for() -> None:
    named = {route.endpoint for route in BARE.routes if route.permit == "link"}
    assert named == {"render", "render_image", "original"}


def test_whoever_needs_no_link_is_not_served_an_invalid_one(app: Darkroom, id_: str) -> None:
    for what in WHAT.values():
        response = client_of(app).get(f"{what.replace('ID', id_)}{'&' if '?' in what else '?'}sig=00")
        assert (response.status_code, response.json()["code"]) == (403, "bad_signature")


def test_a_cache_keeps_nothing_past_the_expiry(app: Darkroom) -> None:
    now = int(time.time())
    control = ask(app, links.sign_url(KEY, WHAT["a render"], now + 100)).headers["Cache-Control"]
    who, _, age = control.partition(", max-age=")
    assert who == "public"
    assert int(age) <= 100
    always = ask(app, links.sign_url(KEY, WHAT["a render"]))
    assert always.headers["Cache-Control"] == "public, max-age=300"


def test_links_are_not_options_without_a_signature(app: Darkroom) -> None:
    response = client_of(app).get(f"{WHAT['a render']}&expires={SOON}")
    assert (response.status_code, response.json()["code"]) == (400, "unknown_option")


def test_a_short_second_key_is_a_problem(tmp_path: Path) -> None:
    for variables in ({"signing_key_2": "short"}, {"signing_key": "", "signing_key_2": NEW}):
        with pytest.raises(ValueError, match="DARKROOM_SIGNING_KEY_2"):
            kept(tmp_path, **variables)
