"""The pages, read as HTML: the form is made from the registry and works as a plain POST."""

import base64
from html.parser import HTMLParser
from pathlib import Path

import httpx
import numpy as np
import pytest

from core.registry import filters
from tests.functions.support import app_with, client_of, decoded, picture

PNG = picture("png")


class Page(HTMLParser):
    """Elements of a page by tag: their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[dict[str, str]]] = {}
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.setdefault(tag, []).append({name: value or "" for name, value in attrs})

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def sent(client: httpx.Client, file: bytes = PNG, name: str = "a.png", **fields: str) -> tuple[httpx.Response, Page]:
    empty = {"step": "", "pipeline": "", "format": ""}
    response = client.post("/", files={"file": (name, file)}, data={**empty, **fields})
    return response, Page(response.text)


def shown(page: Page) -> bytes:
    url = next(image["src"] for image in page.found["img"] if image["src"].startswith("data:"))
    return base64.b64decode(url.partition(";base64,")[2])


@pytest.fixture
def client(tmp_path: Path) -> httpx.Client:
    """A server that keeps no pictures: `/` is the form."""
    return client_of(app_with(catalog="none", data=str(tmp_path)))


def test_the_form_is_plain_html(client: httpx.Client) -> None:
    page = Page(client.get("/").text)
    (form,) = page.found["form"]
    assert (form["method"], form["enctype"], form["action"]) == ("post", "multipart/form-data", "./")
    assert "script" not in page.found
    assert "DARKROOM_CATALOG" in "".join(page.words)
    assert {field["name"] for field in page.found["input"] + page.found["select"]} == {
        "file",
        "step",
        "pipeline",
        "format",
    }


def test_the_picker_offers_every_filter(client: httpx.Client) -> None:
    offered = {option.get("value") for option in Page(client.get("/").text).found["option"]}
    assert {known.example for known in filters().values() if not known.finds} <= offered
    assert {f"{known.example}/draw" for known in filters().values() if known.finds} <= offered
    assert "preset:thumbnail" in offered


@pytest.mark.parametrize("fields", [{"step": "flip"}, {"pipeline": "flip"}, {"step": "sepia", "pipeline": "flip"}])
def test_the_result_is_in_the_page(client: httpx.Client, fields: dict[str, str]) -> None:
    response, page = sent(client, **fields)
    assert response.status_code == 200
    assert np.array_equal(decoded(shown(page)), decoded(PNG)[::-1])
    assert response.headers["cache-control"] == "no-store"


def test_what_browsers_do_not_show_comes_as_png(client: httpx.Client) -> None:
    assert shown(sent(client, picture("tiff"))[1]).startswith(b"\x89PNG")
    assert shown(sent(client, picture("tiff"), format="webp")[1]).startswith(b"RIFF")


def test_findings_are_shown(client: httpx.Client) -> None:
    _, page = sent(client, step="histogram")
    assert '"measures"' in "".join(page.words)


def test_what_is_seen_is_drawn_and_told(client: httpx.Client, root: Path) -> None:
    drawing = (root / "docs" / "img" / "shapes.png").read_bytes()
    response, page = sent(client, drawing, step="detect/draw")
    assert response.status_code == 200
    before, after = decoded(drawing), decoded(shown(page))
    assert before.shape == after.shape
    assert not np.array_equal(before, after)
    assert '"label": "star"' in "".join(page.words)


def test_a_step_without_weights_says_how_to_get_them(tmp_path: Path) -> None:
    client = client_of(app_with(data=str(tmp_path), catalog="none"))
    assert "make models NAMES=yunet" in client.get("/").text
    assert "make models NAMES=shapes" not in client.get("/").text
    response, page = sent(client, step="faces/draw")
    assert response.status_code == 503
    assert "make models NAMES=yunet" in "".join(page.words)


def test_a_step_with_weights_is_offered_plainly(data: Path, tmp_path: Path) -> None:
    text = client_of(app_with(models_from=str(data / "models"), data=str(tmp_path), catalog="none")).get("/").text
    assert 'value="faces/draw"' in text
    assert "make models" not in text


@pytest.mark.parametrize(
    ("file", "name", "fields", "status", "code"),
    [
        (b"hello", "a.txt", {}, 415, "not_an_image"),
        (b"", "a.png", {}, 400, "empty_body"),
        (PNG, "a.png", {"pipeline": "<script>alert(1)</script>"}, 400, "bad_pipeline"),
        (PNG, "a.png", {"outputs": "x"}, 400, "unknown_option"),
    ],
)
def test_problems_are_shown_in_the_page(
    client: httpx.Client, file: bytes, name: str, fields: dict[str, str], status: int, code: str
) -> None:
    response, page = sent(client, file, name, **fields)
    assert response.status_code == status
    assert f"docs#{code}" in {link["href"] for link in page.found["a"]}
    assert "script" not in page.found
