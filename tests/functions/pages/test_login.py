"""Logging in with a key: a cookie that scripts cannot read, that ends with the key, and that other sites cannot use."""

from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urljoin

import httpx
import msgspec
import pytest

from functions.access.auth import SESSION_COOKIE
from functions.http import Darkroom
from service.keys.file import update_key_file
from tests.functions.access.support import Keys
from tests.functions.pages.test_form import Page
from tests.functions.support import app_with, client_of, picture


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


@pytest.fixture
def app(keys: Keys, tmp_path: Path) -> Darkroom:
    return app_with(auth="keys", keys=str(keys.path), data=str(tmp_path / "data"), signing_key="s" * 32)


@pytest.fixture
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


def logged_in(client: httpx.Client, key: str, **headers: str) -> httpx.Response:
    response = client.post("/login", data={"key": key}, headers=headers)
    client.cookies.clear()
    return response


def cookie_of(response: httpx.Response) -> dict[str, str]:
    cookie: SimpleCookie = SimpleCookie(response.headers["set-cookie"])
    return {"Cookie": f"{SESSION_COOKIE}={cookie[SESSION_COOKIE].value}"}


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_page_sends_people_to_the_login(client: httpx.Client, accept: str) -> None:
    response = client.get("/", headers={"Accept": accept})
    assert (response.status_code, response.headers["location"]) == (303, "login")
    assert response.headers["cache-control"] == "no-store"
    page = Page(client.get("/login").text)
    (form,) = page.found["form"]
    assert (form["action"], form["method"]) == ("login", "post")
    (field,) = page.found["input"]
    assert (field["type"], field["name"]) == ("password", "key")
    assert "script" not in page.found


WAYS_BACK = {
    "a page": ("darkroom", "darkroom"),
    "with its query": ("picture?id=0a&value=a%20b%2F%26c", "picture?id=0a&value=a+b%2F%26c"),
    "the gallery's query": ("?min_width=3", "./?min_width=3"),
    "the gallery": ("", "./"),
    "a page that is not there": ("nothing", "./"),
    "the login": ("login", "./"),
    "the API": ("v1/filters", "./"),
    "what only takes forms": ("delete", "./"),
    "another site": ("https://evil.example/darkroom", "./"),
    "without a scheme": ("/evil.example", "./"),
    "backslashes": ("\\\\evil.example", "./"),
    "a line break": ("darkroom?a=%0d%0aSet-Cookie:x", "darkroom?a=%0D%0ASet-Cookie%3Ax"),
    "a bare line break": ("darkroom?a=b\r\nSet-Cookie: x", "darkroom?a=b%0D%0ASet-Cookie%3A+x"),
    "no UTF-8": ("darkroom?a=%ff", "darkroom?a=%EF%BF%BD"),
    "far too long": ("darkroom?pipeline=" + "a" * 3000, "./"),
}


@pytest.mark.parametrize(("to", "location"), WAYS_BACK.values(), ids=WAYS_BACK)
def test_who_logs_in_gets_to_the_page(client: httpx.Client, keys: Keys, to: str, location: str) -> None:
    response = client.post("/login", data={"key": keys.texts["all"], "to": to})
    assert (response.status_code, response.headers["location"]) == (303, location)


@pytest.mark.parametrize("path", ["darkroom?pipeline=sepia", "./?min_width=300&name=a%26b", "filters"])
def test_the_page_is_known_until_the_key_is_right(client: httpx.Client, keys: Keys, path: str) -> None:
    asked = client.get(f"/{path.removeprefix('./')}", headers={"Accept": "text/html"})
    shown = client.get(f"/{asked.headers['location']}")
    for response in (shown, client.post("/login", data={"key": "dk_wrong", "to": path})):
        hidden = next(one for one in Page(response.text).found["input"] if one.get("type") == "hidden")
        assert (hidden["name"], hidden["value"]) == ("to", path)
    client.cookies.clear()
    assert client.post("/login", data={"key": keys.texts["all"], "to": path}).headers["location"] == path


def test_programs_get_a_problem(client: httpx.Client) -> None:
    for response in (client.get("/v1/filters"), client.post("/", content=b"x")):
        assert (response.status_code, response.json()["code"]) == (401, "unauthorized")


def test_logging_in_and_out(client: httpx.Client, keys: Keys) -> None:
    response = logged_in(client, f" {keys.texts['all']}\n")
    assert (response.status_code, response.headers["location"]) == (303, "./")
    assert response.headers["cache-control"] == "no-store"
    session = cookie_of(response)
    assert keys.texts["all"] not in response.headers["set-cookie"]
    page = client.get("/", headers=session)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert {"action": "logout", "class": "logout", "method": "post"} in Page(page.text).found["form"]
    sent = client.post("/", files={"file": ("a.png", picture())}, headers=session)
    assert sent.status_code == 200
    out = client.post("/logout", headers=session)
    assert (out.status_code, out.headers["location"]) == (303, "login")
    assert SimpleCookie(out.headers["set-cookie"])[SESSION_COOKIE]["max-age"] == "0"
    assert client.get("/v1/filters", headers=session).status_code == 401, "a copy of the cookie is worth nothing"
    again = cookie_of(logged_in(client, keys.texts["all"]))
    assert client.get("/v1/filters", headers=again).status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "ds_0123456789abcdef.99999999999.x", "\xff"])
def test_logging_out_without_a_session(client: httpx.Client, cookie: str) -> None:
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie}".encode("latin-1")}
    assert client.post("/logout", headers=headers).status_code == 303  # type: ignore[arg-type]


@pytest.mark.parametrize(("proto", "secure"), [("http", False), ("https", True)])
def test_the_cookie_is_confined(client: httpx.Client, keys: Keys, proto: str, secure: bool) -> None:
    cookie: SimpleCookie = SimpleCookie(
        logged_in(client, keys.texts["read"], X_Forwarded_Proto=proto).headers["set-cookie"]
    )
    morsel = cookie[SESSION_COOKIE]
    assert (morsel["httponly"], morsel["samesite"], bool(morsel["secure"]), morsel["path"]) == (
        True, "Strict", secure, "/",
    )  # fmt: skip
    assert int(morsel["max-age"]) <= 12 * 3600


@pytest.mark.parametrize(
    ("name", "code"), [("wrong", "wrong_key"), ("expired", "expired_key"), ("revoked", "wrong_key")]
)
def test_a_wrong_key_is_told(client: httpx.Client, keys: Keys, name: str, code: str) -> None:
    response = logged_in(client, keys.texts[name])
    assert response.status_code == 401
    assert "set-cookie" not in response.headers
    assert f"docs#{code}" in response.text
    assert keys.texts[name] not in response.text


BODIES = {
    "nothing": b"", "another field": b"name=x", "no form": b"\xff\xfe", "JSON": b'{"key": "x"}',
    "many fields": b"&".join(b"a%d=1" % n for n in range(100)), "a script": b"key=%3Cscript%3Ealert(1)%3C/script%3E",
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_odd_bodies(client: httpx.Client, body: bytes) -> None:
    response = client.post("/login", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert response.status_code in {400, 401}
    assert "<script>" not in response.text


def test_a_long_body_is_not_read(client: httpx.Client) -> None:
    assert client.post("/login", content=b"key=" + b"a" * 10_000).status_code == 413


def test_another_site_cannot_log_anybody_in_or_out(client: httpx.Client, keys: Keys) -> None:
    for path in ("/login", "/logout"):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            response = client.post(path, data={"key": keys.texts["all"]}, headers=headers)
            assert (response.status_code, response.json()["code"]) == (403, "cross_site")
            assert "set-cookie" not in response.headers


def test_a_session_has_the_scopes_of_its_key(client: httpx.Client, keys: Keys) -> None:
    session = cookie_of(logged_in(client, keys.texts["read"]))
    assert client.get("/v1/filters", headers=session).status_code == 200
    refused = client.post("/v1/process", content=picture(), headers=session)
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_scope")
    assert '"process"' in refused.json()["detail"]


@pytest.mark.parametrize("member", ["revoked", "expires"])
def test_a_session_ends_with_its_key(app: Darkroom, client: httpx.Client, keys: Keys, member: str) -> None:
    session = cookie_of(logged_in(client, keys.texts["all"]))
    assert client.get("/v1/filters", headers=session).status_code == 200
    update_key_file(
        keys.path, lambda known: [msgspec.structs.replace(one, **{member: datetime.now(UTC)}) for one in known]
    )
    assert app.service.authenticator.keys is not None
    app.service.authenticator.keys._next_check = 0.0  # as if seconds had passed
    assert client.get("/v1/filters", headers=session).status_code == 401
    assert client.get("/", headers=session).headers["location"] == "login"


def test_processes_agree_on_sessions(app: Darkroom, keys: Keys, tmp_path: Path) -> None:
    session = cookie_of(logged_in(client_of(app), keys.texts["all"]))
    settings = {"auth": "keys", "keys": str(keys.path), "data": str(tmp_path / "data")}
    again = client_of(app_with(**settings, signing_key="s" * 32))
    other = client_of(app_with(**settings, signing_key="t" * 32))
    assert again.get("/v1/filters", headers=session).status_code == 200
    assert other.get("/v1/filters", headers=session).status_code == 401
    assert again.post("/logout", headers=session).status_code == 303
    assert client_of(app).get("/v1/filters", headers=session).status_code == 401, "logged out of one, out of all"


def test_without_keys_there_is_nothing_to_log_in_to() -> None:
    client = client_of(app_with())
    page = client.get("/login")
    assert "form" not in Page(page.text).found
    assert "functions.jobs.keys" in page.text
    assert client.post("/login", data={"key": "x"}).status_code == 401
    assert "login" not in [link.get("href") for link in Page(client.get("/").text).found["a"]]


@pytest.mark.parametrize("path", ["/login", "/docs", "/filters"])
def test_a_slash_too_many_leads_to_the_page(path: str) -> None:
    answer = client_of(app_with(auth="none")).get(f"{path}/", follow_redirects=False)
    assert answer.status_code == 308
    assert urljoin(f"http://localhost{path}/", answer.headers["Location"]) == f"http://localhost{path}"
