"""The rights table with a browser: what each visitor is shown, and what another site's page can do with it."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from functions.server.sockets.codes import NO_KEY, POLICY
from tests.functions.access.support import Keys
from tests.functions.pages.browsing import gallery, store, tab
from tests.waiting import PATIENCE

SHOWN = {"see": ".grid li", "process": ".once", "add": "#upload", "log in": "nav a[href=login]", "log out": ".logout"}
ROWS = {  # the settings, the key that is typed, and what is there
    "make run": ({"local_writes": "true"}, "", {"see", "process", "add"}),
    "this machine": ({"local_writes": "false"}, "", {"see", "process"}),
    "none": ({"auth": "none", "local_writes": "false"}, "", {"see", "process"}),
    "platform": ({"auth": "platform", "local_writes": "false"}, "", {"see", "process"}),
    "keys, read": ({"auth": "keys"}, "read", {"see", "log out"}),
    "keys, all but write": ({"auth": "keys"}, "all-but-write", {"see", "process", "log out"}),
    "keys, all but process": ({"auth": "keys"}, "all-but-process", {"see", "add", "log out"}),
    "keys, all": ({"auth": "keys"}, "all", {"see", "process", "add", "log out"}),
}
EVIL = """<form id=add action="{0}/add" method=post enctype="multipart/form-data"><input name=file type=file></form>
<form id=delete action="{0}/delete" method=post enctype="multipart/form-data"><input name=id value="{1}"></form>
<form id=process action="{0}/" method=post enctype="multipart/form-data"><input name=pipeline value=flip></form>"""
_TRIES = """async ([server, id]) => {
  const body = new FormData();
  body.append("id", id);
  const told = [];
  for (const [method, path] of [["POST", "/delete"], ["DELETE", `/v1/images/${id}`], ["POST", "/v1/images"]]) {
    await fetch(server + path, {method, body, mode: method === "DELETE" ? "cors" : "no-cors", credentials: "include"})
      .then(answer => told.push(answer.status || answer.type), error => told.push("refused"));
  }
  const line = new WebSocket(`${server.replace("http", "ws")}/v1/stream?pipeline=flip`);
  await new Promise(resolve => {
    line.onmessage = () => resolve(told.push("answered"));
    line.onclose = ({code}) => resolve(told.push(code));
    line.onopen = () => line.send(new Blob(["a frame"]));
  });
  return told;
}"""


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


def filled(folder: Path) -> str:
    with gallery(folder) as url:
        return store(url, "there.png")


@pytest.mark.parametrize(("settings", "key", "shown"), ROWS.values(), ids=ROWS)
def test_what_a_visitor_sees_and_another_site_cannot(
    browser: Browser, tmp_path: Path, keys: Keys, settings: dict[str, str], key: str, shown: set[str]
) -> None:
    id_ = filled(tmp_path)
    more = {"keys": str(keys.path), "signing_key": "s" * 32} if key else {}
    with gallery(tmp_path, **more, **settings) as server, tab(browser, server) as (page, trouble):
        page.goto(server)
        if key:
            page.wait_for_url("**/login")
            page.fill("input[name=key]", keys.texts[key])
            page.click("main button")
            page.locator(".logout").wait_for()
            page.wait_for_load_state()
        assert {what for what, selector in SHOWN.items() if page.locator(selector).count()} == shown
        page.click(".grid a")
        page.wait_for_url("**/picture?id=*")
        assert (page.locator(".delete").count() == 1) == ("add" in shown)
        page.goto(f"{server}/darkroom")
        assert (page.locator(".builder").count() == 1) == ("process" in shown)
        assert trouble == []
        attack(page, server, id_)
        assert rows(server, keys.header("all") if key else {}) == [id_]


def test_nobody_sees_anything_before_the_login(browser: Browser, tmp_path: Path, keys: Keys) -> None:
    id_ = filled(tmp_path)
    with gallery(tmp_path, auth="keys", keys=str(keys.path)) as server, tab(browser, server) as (page, trouble):
        for path in ("", f"picture?id={id_}", "darkroom", "live", "filters", "models"):
            page.goto(f"{server}/{path}")
            page.wait_for_url("**/login*")
            assert {what for what, selector in SHOWN.items() if page.locator(selector).count()} == {"log in"}
            assert "there.png" not in page.content()
        assert trouble == []
        attack(page, server, id_)
        assert rows(server, keys.header("all")) == [id_]


def attack(page: Page, server: str, id_: str) -> None:
    """Another site's page sends forms, fetches and a web socket, with all that the browser holds.

    By another name this machine is another site; pages from elsewhere a browser lets not even ask a loopback address.
    """
    elsewhere = f"{server.replace('127.0.0.1', 'localhost')}/health"
    page.goto(elsewhere)
    *told, code = page.evaluate(_TRIES, [server, id_])
    assert told in (["opaque", 403, "opaque"], ["opaque", "refused", "opaque"])
    assert code in {POLICY, NO_KEY}
    for form in ("add", "delete", "process"):
        page.goto(elsewhere)
        page.evaluate("text => { document.body.innerHTML = text; }", EVIL.format(server, id_))
        with page.expect_navigation() as sent:
            page.evaluate("form => document.getElementById(form).submit()", form)
        assert sent.value.status in {401, 403}, form


def rows(server: str, headers: dict[str, str]) -> list[str]:
    answer = httpx.get(f"{server}/v1/images", headers=headers, timeout=PATIENCE)
    return [row["id"] for row in answer.json()["images"]]
