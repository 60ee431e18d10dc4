"""`explain`: how a picture would be made."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.pipeline import Pipeline
from tests.core.planner.support import jpeg, photo
from tests.functions.support import app_with, client_of

PICTURE = jpeg(photo())


def asked(client: httpx.Client, **options: Any) -> httpx.Response:
    """The answer to a raw picture."""
    return client.post("/v1/process", params=options, content=PICTURE, headers={"Content-Type": "image/jpeg"})


@pytest.mark.parametrize("yes", ["1", "true"])
def test_one_output(client: httpx.Client, yes: str) -> None:
    answer = asked(client, pipeline="resize:90/sepia", format="webp", explain=yes)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert found["format"] == "webp"
    assert found["decoding"]["scale"] == 4
    assert [step["step"] for step in found["steps"]] == ["resize", "sepia"]
    assert "decode" not in answer.headers["server-timing"]
    assert Pipeline.parse(found["pipeline"]).canonical == found["pipeline"]


def test_several_outputs(client: httpx.Client) -> None:
    outputs = [{"name": "a", "pipeline": "resize:90"}, {"name": "b", "pipeline": "flip/flip"}]
    order = json.dumps({"outputs": outputs, "explain": True})
    found = client.post("/v1/process", files={"file": PICTURE}, data={"request": order}).json()["outputs"]
    assert [one["rule"] for one in found["b"]["rules"]] == ["join"]
    assert found["b"]["steps"] == []
    assert found["a"]["decoding"]["scale"] == 4


@pytest.mark.parametrize(("explain", "status", "stored"), [("0", 201, 1), ("1", 200, 0)])
def test_nothing_is_stored(tmp_path: Path, explain: str, status: int, stored: int) -> None:
    (tmp_path / "out").mkdir()
    client = client_of(app_with(files=str(tmp_path), targets="file://out/"))
    answer = asked(client, pipeline="resize:90", explain=explain, to="file://out/a.jpg")
    assert (answer.status_code, len([*tmp_path.glob("out/*.jpg")])) == (status, stored)


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"pipeline": "resize:90", "explain": "perhaps"}, 400, "bad_parameter"),
        ({"pipeline": "watermark:nobody", "explain": "1"}, 400, "unknown_picture"),
    ],
)
def test_mistakes(client: httpx.Client, options: dict[str, str], status: int, code: str) -> None:
    answer = asked(client, **options)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_render_is_not_explained(client: httpx.Client) -> None:
    answer = client.get("/v1/images/abcdefghijklmnopqrstuvwxyz/resize:90", params={"explain": "1"})
    assert answer.status_code >= 400
