"""The pages that explain steps, models and errors."""

from pathlib import Path

import httpx
import pytest

from core.registry import filters
from functions.assets import address
from functions.responses import problems
from tests.functions.pages.test_form import Page
from tests.functions.support import app_with, client_of


def test_every_step_is_explained_with_its_picture(client: httpx.Client) -> None:
    text = client.get("/filters").text
    page = Page(text)
    assert set(filters()) == {one.get("id") for one in page.found["article"]}
    assert "Standard deviation, pixels; 0 derives it from the kernel" in "".join(page.words)
    pictured = {Path(image["src"]).stem for image in page.found["img"] if image["src"].startswith(address("filters/"))}
    assert pictured == {known.name for known in filters().values() if known.kind == "filter"}
    assert client.get("/ui/filters/blur.webp").headers["content-type"] == "image/webp"
    assert "darkroom?pipeline=blur%3A15" in {link.get("href") for link in page.found["a"]}


def test_a_step_without_weights_says_how_an_operator_gets_them(tmp_path: Path) -> None:
    client = client_of(app_with(data=str(tmp_path)))
    assert "make models NAMES=yunet" in client.get("/filters").text
    models = client.get("/models").text
    assert "make models NAMES=yunet" in models
    assert "DARKROOM_MODELS_FROM" in models
    assert "make models NAMES=shapes" not in models


def test_every_model_is_shown(client: httpx.Client) -> None:
    shown = {one.get("id") for one in Page(client.get("/models").text).found["article"]}
    assert shown == {one["name"] for one in client.get("/v1/models").json()["models"]}


def test_every_error_has_a_place_in_the_reference(client: httpx.Client) -> None:
    rows = {row.get("id") for row in Page(client.get("/docs").text).found["tr"]}
    assert {kind.code for kind in problems.error_kinds()} <= rows


def test_operations_have_topics(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    topics = [tag["name"] for tag in document["tags"]]
    assert {"Processing", "Stored pictures", "Models", "Renders"} <= set(topics)
    used = {tag for path in document["paths"].values() for operation in path.values() for tag in operation["tags"]}
    assert used == set(topics)


@pytest.mark.parametrize("path", ["/filters", "/models"])
def test_only_presets(path: str) -> None:
    assert client_of(app_with(only_presets="true")).get(path).status_code == 200
