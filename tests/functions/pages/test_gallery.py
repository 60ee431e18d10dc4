"""The gallery and a picture's page, read as HTML: they work without scripts."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.http import Darkroom
from service.images import thumbnails
from tests.functions.pages.test_form import Page
from tests.functions.support import app_with, client_of, picture

_ID = re.compile(r"[0-9a-f]{32}\Z")


@pytest.fixture
def app(tmp_path: Path) -> Darkroom:
    (tmp_path / "outbox").mkdir()
    return app_with(data=str(tmp_path / "data"), files=str(tmp_path), results="file://outbox", catalog="sqlite")


@pytest.fixture
def pages(app: Darkroom) -> httpx.Client:
    return client_of(app)


def put(client: httpx.Client, name: str, **size: int) -> dict[str, Any]:
    answer = client.post("/v1/images", files={"file": (name, picture(**size))})
    assert answer.status_code == 201
    row: dict[str, Any] = answer.json()
    return row


def shown(client: httpx.Client, query: str = "") -> list[str]:
    page = Page(client.get(f"/{query}").text)
    return [option["value"] for option in page.found.get("option", []) if _ID.match(option.get("value", ""))]


QUERIES = {
    "": ["b.png", "a.png"], "?min_width=50": ["b.png"], "?max_width=49": ["a.png"],
    "?min_height=1&max_height=30": ["a.png"],
    "?name=A": ["a.png"], "?format=jpeg": [], "?sort=name": ["a.png", "b.png"], "?before=2001-01-01": [],
    "?after=2001-01-01": ["b.png", "a.png"], "?min_width=&name=": ["b.png", "a.png"],
    "?utm_source=x": ["b.png", "a.png"],
}  # fmt: skip


def test_queries(pages: httpx.Client) -> None:
    ids = {
        put(pages, name, width=width, height=width)["id"]: name for name, width in {"a.png": 30, "b.png": 60}.items()
    }
    found = {query: [ids[one] for one in shown(pages, query)] for query in QUERIES}
    assert found == QUERIES


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("?min_width=x", "min_width"), ("?sort=up", "sort"), ("?before=tomorrow", "before"), ("?cursor=x", "cursor")],
)
def test_a_wrong_query_is_explained(pages: httpx.Client, query: str, parameter: str) -> None:
    response = pages.get(f"/{query}")
    assert response.status_code == 400
    assert 'role="alert"' in response.text
    assert parameter in response.text


def test_pages_follow_each_other(app: Darkroom, pages: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.pages.gallery._PAGE", 2)
    for number in range(5):
        put(pages, f"{number}.png", width=20 + number)
    seen, url = [], "/?sort=name&min_width=20"
    while url:
        page = Page(pages.get(url).text)
        seen += [link["href"] for link in page.found["a"] if link.get("href", "").startswith("picture?id=")]
        following = [link["href"] for link in page.found["a"] if link.get("rel") == "next"]
        url = following[0].removeprefix(".") if following and following[0] != "./" else ""
    assert len(seen) == len(set(seen)) == 5


PARTS = {"": (["c", "b"], ["c", "b"]), "&part=list": (["c", "b"], []), "&part=names": ([], ["c", "b", "a"])}


@pytest.mark.parametrize(("part", "found"), PARTS.items(), ids=[name or "all" for name in PARTS])
def test_parts_for_scripts(
    app: Darkroom, pages: httpx.Client, monkeypatch: pytest.MonkeyPatch, part: str, found: tuple[list[str], list[str]]
) -> None:
    """The list alone as it goes on, and the drop-down alone with more of the names."""
    monkeypatch.setattr("functions.pages.gallery._PAGE", 2)
    ids = {put(pages, name, width=width)["id"]: name for name, width in {"a": 20, "b": 21, "c": 22}.items()}
    page = Page(pages.get(f"/?sort=-width{part}").text)
    cards = [link["href"].removeprefix("picture?id=") for link in page.found["a"]] if part != "&part=names" else []
    assert [ids[one] for one in cards if one in ids] == found[0]
    assert [ids[one] for one in shown(pages, f"?sort=-width{part}")] == found[1]


def test_thumbnails_are_stored_for_whoever_asks(tmp_path: Path, app: Darkroom) -> None:
    id_ = put(client_of(app), "a.png", width=600, height=400)["id"]
    reader = client_of(app_with(
        data=str(tmp_path / "data"), files=str(tmp_path), results="file://outbox", catalog="sqlite",
        local_writes="false",
    ))  # fmt: skip
    card = next(one for one in Page(reader.get("/").text).found["img"] if id_ in one["src"])
    assert [part.split()[1] for part in card["srcset"].split(", ")] == [f"{width}w" for width in thumbnails.WIDTHS]
    for part in card["srcset"].split(", "):
        url, width = part.split()
        answer = reader.get(f"/{url}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp"), width
    assert len(list((tmp_path / "outbox" / "renders" / id_).iterdir())) == len(thumbnails.WIDTHS)
    assert reader.get(f"/v1/images/{id_}/resize:241?format=webp").status_code == 200
    assert len(list((tmp_path / "outbox" / "renders" / id_).iterdir())) == len(thumbnails.WIDTHS)


def test_a_picture_and_what_is_like_it(pages: httpx.Client) -> None:
    one, other = put(pages, "one.png", width=90), put(pages, "other.png", width=91)
    text = pages.get(f"/picture?id={one['id']}").text
    assert "one.png" in text
    assert f"picture?id={other['id']}" in text
    assert f"picture?id={one['id']}" not in text
    assert one["source"] in text


STEPS = {
    "square/40": ("square", "40", "square:40?format=png"),
    "no value": ("sepia", "", "sepia?format=png"),
    "drawn": ("detect/draw", "", "detect/draw?format=png"),
    "escaped": ("text", "a%2Fb", "text:a%252Fb?format=png"),
    "measured": ("palette", "", "palette?format=json"),
}


@pytest.mark.parametrize(("step", "value", "end"), STEPS.values(), ids=STEPS)
def test_a_filter_is_tried(pages: httpx.Client, step: str, value: str, end: str) -> None:
    id_ = put(pages, "a.png")["id"]
    response = pages.get("/picture", params={"id": id_, "filter": step, "value": value})
    assert response.status_code == 200
    url = f"v1/images/{id_}/{end}"
    assert url in response.text
    assert pages.get(f"/{url}").status_code == 200


def test_what_looks_by_itself_is_offered_and_works(pages: httpx.Client) -> None:
    id_ = put(pages, "a.png")["id"]
    form = pages.get(f"/picture?id={id_}").text.partition('class="row detect"')[2].partition("</form>")[0]
    offered = re.findall(r'<option value="([^"]+)"', form)
    assert offered[0] == "detect/draw"
    for step in offered:
        url = f"v1/images/{id_}/{step}?format=png"
        assert pages.get("/picture", params={"id": id_, "filter": step}).status_code == 200
        assert pages.get(f"/{url}").status_code == 200, step


def test_the_first_row_comes_first(app: Darkroom, pages: httpx.Client) -> None:
    for number in range(14):
        put(pages, f"{number}.png")
    images = re.findall(r'<img src="v1/[^>]*>', pages.get("/").text)
    assert ["fetchpriority" in image for image in images] == [True] * 6 + [False] * 8
    assert ["lazy" in image for image in images] == [False] * 6 + [True] * 8


@pytest.mark.parametrize("id_", ["", "x", "0" * 32])
def test_no_such_picture(pages: httpx.Client, id_: str) -> None:
    response = pages.get("/picture", params={"id": id_})
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "no_such_image" in response.text


def test_adding_says_what_was_refused(pages: httpx.Client) -> None:
    files = [("file", ("good.png", picture())), ("file", ("bad.png", b"nothing"))]
    response = pages.post("/add", files=files)
    assert response.status_code == 422
    assert "bad.png" in response.text
    assert len(shown(pages)) == 1
    assert pages.post("/add", files=files[:1]).headers["location"] == "./"
    assert pages.post("/add", files={"x": (None, "y")}).status_code == 400


def test_deleting(pages: httpx.Client) -> None:
    id_ = put(pages, "a.png")["id"]
    assert 'action="delete"' in pages.get(f"/picture?id={id_}").text
    response = pages.post("/delete", files={"id": (None, id_)})
    assert (response.status_code, response.headers["location"]) == (303, "./")
    assert shown(pages) == []
    assert pages.post("/delete", files={"id": (None, id_)}).status_code == 404
