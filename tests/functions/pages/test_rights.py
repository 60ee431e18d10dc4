"""Who may see, process, add and delete, by mode: what the pages show, and what the server then does."""

import re
from pathlib import Path

import httpx
import pytest

from functions.http import Darkroom
from tests.functions.access.support import Keys
from tests.functions.pages.test_login import cookie_of, logged_in
from tests.functions.support import app_with, client_of, picture

MARKS = {"see": 'class="grid"', "process": 'href="once"', "add": 'id="upload"'}
"""What shows that a page offers something."""
ANSWERS = {
    "see": ("GET", "/picture?id={id}"),
    "process": ("POST", "/"),
    "add": ("POST", "/add"),
    "delete": ("POST", "/delete"),
}
ROWS = {  # the settings, the key that somebody logged in with, and what is offered
    "this machine, by make run": ({"local_writes": "true"}, None, {"see", "process", "add", "delete"}),
    "this machine": ({"local_writes": "false"}, None, {"see", "process"}),
    "none": ({"auth": "none", "local_writes": "false"}, None, {"see", "process"}),
    "platform": ({"auth": "platform", "local_writes": "false"}, None, {"see", "process"}),
    "keys, nobody": ({"auth": "keys"}, None, set()),
    "keys, read": ({"auth": "keys"}, "read", {"see"}),
    "keys, all but write": ({"auth": "keys"}, "all-but-write", {"see", "process"}),
    "keys, all but process": ({"auth": "keys"}, "all-but-process", {"see", "add", "delete"}),
    "keys, all": ({"auth": "keys"}, "all", {"see", "process", "add", "delete"}),
}


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


@pytest.fixture
def base(tmp_path: Path, keys: Keys) -> dict[str, str]:
    (tmp_path / "outbox").mkdir()
    return {"data": str(tmp_path / "data"), "files": str(tmp_path), "results": "file://outbox", "catalog": "sqlite",
           "keys": str(keys.path), "signing_key": "s" * 32}  # fmt: skip


def opened(base: dict[str, str], settings: dict[str, str]) -> Darkroom:
    return app_with(**{**base, **settings})


def stored(base: dict[str, str], keys: Keys) -> str:
    """A picture that is there already; its id."""
    client = client_of(opened(base, {"auth": "keys"}))
    answer = client.post("/v1/images", files={"file": ("there.png", picture())}, headers=keys.header("all"))
    assert answer.status_code == 201
    return str(answer.json()["id"])


def sent(client: httpx.Client, what: str, id_: str, headers: dict[str, str]) -> httpx.Response:
    method, path = ANSWERS[what]
    fields: dict[str, object] = {
        "process": {"files": {"file": ("a.png", picture())}, "data": {"pipeline": "flip"}},
        "add": {"files": {"file": ("new.png", picture(width=33))}},
        "delete": {"files": {"id": (None, id_)}},
    }.get(what, {})
    return client.request(method, path.format(id=id_), headers=headers, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("settings", "key", "offered"), ROWS.values(), ids=ROWS)
def test_what_is_offered_is_what_works(
    base: dict[str, str], keys: Keys, settings: dict[str, str], key: str | None, offered: set[str]
) -> None:
    id_ = stored(base, keys)
    client = client_of(opened(base, settings))
    session = cookie_of(logged_in(client, keys.texts[key])) if key else {}
    front = client.get("/", headers=session)
    shown = {what for what, mark in MARKS.items() if mark in front.text}
    if 'action="delete"' in client.get(f"/picture?id={id_}", headers=session).text:
        shown.add("delete")
    assert shown == offered
    assert {what for what in ANSWERS if works(sent(client, what, id_, session))} == offered


def works(response: httpx.Response) -> bool:
    """Whether it was done: not refused, and not sent to the login page instead."""
    return response.status_code in {200, 303} and not response.headers.get("location", "").startswith("login")


@pytest.mark.parametrize("what", ["process", "add", "delete"])
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}], ids=str
)
def test_another_site_changes_nothing(base: dict[str, str], keys: Keys, what: str, headers: dict[str, str]) -> None:
    id_ = stored(base, keys)
    client = client_of(opened(base, {"local_writes": "true"}))
    assert sent(client, what, id_, headers).status_code == 403
    assert [row["id"] for row in client.get("/v1/images").json()["images"]] == [id_]


def test_a_sent_key_is_never_shown(base: dict[str, str], keys: Keys) -> None:
    client = client_of(opened(base, {"auth": "keys"}))
    session = cookie_of(logged_in(client, keys.texts["all"]))
    for path in ("/", "/darkroom", "/filters", "/models"):
        assert not re.search(r"dk_[A-Za-z0-9]", client.get(path, headers=session).text)
