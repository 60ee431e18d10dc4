"""Equal ETags mean equal bodies, and equal digests equal results, over requests that differ in one ingredient.

IDENTITY_REQUESTS says how many requests are drawn; `make prove-privacy` asks for 5,000.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import event, given

from tests.functions.identity.asks import MARKS, PACE, SOURCES, Ask, Known, pairs


def _made_of(ask: Ask, body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Digest and bytes of each result that a JSON answer holds, and of what was found."""
    for told in body["outputs"].values() if ask.several else [body]:
        if "digest" not in told:  # a COCO document
            continue
        source = f"{ask.source} {told['digest']}"
        if "image" in told:
            yield f"picture of {source}", base64.b64decode(told["image"])
        else:
            yield f"findings of {source}", json.dumps(told["findings"]).encode()


@PACE
@given(pairs())
def test_equal_etags_mean_equal_bodies(client: httpx.Client, known: Known, asks: tuple[Ask, Ask]) -> None:
    for ask in asks:
        response = ask.send(client)
        event(f"{response.status_code} {response.json()['code'] if response.status_code == 400 else ''}")
        assert response.status_code in {200, 201, 400}, response.content[:300]
        if response.status_code == 400:
            continue
        known.check(response.headers["ETag"], response.content, ask)
        if response.headers["Content-Type"] == "application/json":
            for key, result in _made_of(ask, response.json()):
                known.check(key, result, ask)
        again = ask.send(client)
        assert (again.headers["ETag"], again.content) == (response.headers["ETag"], response.content)


def _form(
    client: httpx.Client, accept: str = "", file: str = "a.png", mark: str = "small", **body: Any
) -> httpx.Response:
    files = {"file": (file, SOURCES["jpeg"]), "mark": ("mark.png", MARKS[mark])}
    headers = {"Accept": accept} if accept else {}
    return client.post("/v1/process", files=files, data={"request": json.dumps(body)}, headers=headers)


def _two(one: str, other: str) -> dict[str, Any]:
    return {"outputs": [{"name": one, "pipeline": "sepia"}, {"name": other, "pipeline": "invert"}]}


PAIRS: dict[str, tuple[Callable[[httpx.Client], httpx.Response], Callable[[httpx.Client], httpx.Response]]] = {
    "the file's name in COCO": (
        lambda c: _form(c, pipeline="detect", findings="coco"),
        lambda c: _form(c, file="b.png", pipeline="detect", findings="coco"),
    ),
    "the file's name in COCO in a list": (
        lambda c: _form(c, outputs=[{"name": "a", "pipeline": "detect", "findings": "coco"}]),
        lambda c: _form(c, file="b.png", outputs=[{"name": "a", "pipeline": "detect", "findings": "coco"}]),
    ),
    "names": (lambda c: _form(c, **_two("a", "b")), lambda c: _form(c, **_two("x", "y"))),
    "names exchanged": (lambda c: _form(c, **_two("a", "b")), lambda c: _form(c, **_two("b", "a"))),
    "names in a mixed answer": (
        lambda c: _form(c, "multipart/mixed", **_two("a", "b")),
        lambda c: _form(c, "multipart/mixed", **_two("x", "y")),
    ),
    "in a list and alone": (
        lambda c: _form(c, outputs=[{"name": "a", "pipeline": "detect", "format": "json"}]),
        lambda c: _form(c, pipeline="detect", format="json"),
    ),
    "the format that JSON tells of": (
        lambda c: _form(c, "image/webp;q=0.5, application/json", pipeline="sepia"),
        lambda c: _form(c, "image/png;q=0.5, application/json", pipeline="sepia"),
    ),
    "a part that is JSON": (
        lambda c: _form(c, "multipart/mixed", include=["image"], outputs=[{"name": "a", "format": "jpeg"}]),
        lambda c: _form(
            c, "multipart/mixed, image/jpeg;q=0.5, application/json;q=0.9", include=["image"], outputs=[{"name": "a"}]
        ),
    ),
    "a second picture": (
        lambda c: _form(c, pipeline="watermark:mark"),
        lambda c: _form(c, mark="grey", pipeline="watermark:mark"),
    ),
    "the picture in JSON": (
        lambda c: _form(c, pipeline="detect", format="json", include=["image"]),
        lambda c: _form(c, pipeline="detect", format="json"),
    ),
    "where it is stored": (
        lambda c: _form(c, pipeline="sepia", to="file://out/here.png"),
        lambda c: _form(c, pipeline="sepia", to="file://out/there.png"),
    ),
}


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
def test_other_bodies_have_other_etags(client: httpx.Client, one: Any, other: Any) -> None:
    first, second = one(client), other(client)
    assert first.content != second.content
    assert first.headers["ETag"] != second.headers["ETag"]


def test_a_mixed_answer_is_the_same_twice(client: httpx.Client) -> None:
    one, other = (_form(client, "multipart/mixed", **_two("a", "b")) for _ in range(2))
    assert one.content == other.content
    assert one.headers["Content-Type"] == other.headers["Content-Type"]
    assert one.headers["ETag"] == other.headers["ETag"]
