"""A new filter is one function and a new route one entry: the HTTP door shows them everywhere without another edit."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

import httpx
import msgspec
import pytest
from flask import Response

from core import registry
from core.language.values import ranged
from core.picture import Pixels
from core.registry import image_filter
from functions.http import Darkroom
from functions.routing import JsonObject, Route, Scope, json_reply
from tests.functions.openapi.test_document import check
from tests.functions.support import app_with, client_of, picture
from tools.docs_http import routes_text


@pytest.fixture
def darkened() -> Iterator[None]:
    @image_filter(cost=1, memory=3, example="darkened:3")
    def darkened(pixels: Pixels, by: Annotated[int, ranged(1, 9, "Divisor, a number")] = 2) -> Pixels:
        """Divide every pixel."""
        return pixels // by  # type: ignore[no-any-return]

    yield
    del registry._filters["darkened"]


@pytest.mark.usefixtures("darkened")
def test_it_is_everywhere(client: httpx.Client) -> None:
    assert client.post("/v1/process?pipeline=darkened:3", content=picture()).status_code == 200
    refused = client.post("/v1/process?pipeline=darkened:10", content=picture()).json()
    assert (refused["parameter"], refused["expected"]) == ("darkened.by", "a whole number from 1 to 9")
    assert "darkened" in [entry["name"] for entry in client.get("/v1/filters").json()["filters"]]
    assert '"const":"darkened"' in client.get("/openapi.json").text
    assert 'value="darkened:3"' in client.get("/once").text


def test_it_is_gone_again(client: httpx.Client) -> None:
    assert "darkened" not in client.get("/v1/filters").text


class Echo(JsonObject):
    """What was heard."""

    word: Annotated[str, msgspec.Meta(description="The word itself")]
    loud: bool


class EchoQuery(msgspec.Struct):
    """How it is said."""

    loudness: Annotated[int, msgspec.Meta(ge=1, le=11, description="How loud it is said")] = 3


def echo(word: Annotated[str, msgspec.Meta(description="What is said")]) -> Echo:
    """Say a word again.

    Nobody reads this line.
    """
    return Echo(word=word, loud=False)


def shout(word: str) -> Response:
    """Shout a word."""
    return Response(f"{word}!")


ENTRY = Route(
    "/v1/echo/<word>", echo, "write", ("POST",), query=EchoQuery, answers=(json_reply(Echo),), refuses=(404, 416)
)


def serving(*routes: Route, **settings: str) -> Darkroom:
    app = app_with(**settings)
    app.serve(routes)
    return app


LOCAL, REMOTE = {"REMOTE_ADDR": "127.0.0.1"}, {"REMOTE_ADDR": "192.0.2.1"}


@pytest.mark.parametrize(
    ("auth", "peer", "status", "code"),
    [
        ("none", LOCAL, 200, None),
        ("none", REMOTE, 403, "local_only"),
        (None, REMOTE, 401, "unauthorized"),
    ],
    ids=["served", "scope", "nobody"],
)
def test_a_route_is_served_by_its_scope(auth: str | None, peer: dict[str, str], status: int, code: str | None) -> None:
    app = serving(ENTRY, **({"auth": auth} if auth else {}))
    response = app.test_client().post("/v1/echo/hello", environ_overrides=peer)
    assert response.status_code == status
    told = response.get_json()
    assert told.get("code") == code
    assert code or told == {"word": "hello", "loud": False}


def test_a_route_is_in_the_open_api_document() -> None:
    document: dict[str, Any] = client_of(serving(ENTRY, auth="none")).get("/openapi.json").json()
    operation = document["paths"]["/v1/echo/{word}"]["post"]
    assert (operation["operationId"], operation["summary"]) == ("echo", "Say a word again")
    assert {(one["name"], one["in"], one["description"]) for one in operation["parameters"]} == {
        ("word", "path", "What is said"),
        ("loudness", "query", "How loud it is said"),
    }
    assert set(operation["responses"]) == {"200", "400", "401", "403", "404", "416", "500", "503"}
    assert operation["responses"]["200"]["description"] == "What was heard"
    check(document, "Echo", {"word": "hello", "loud": True})


def test_a_route_is_in_the_reference() -> None:
    text = routes_text(serving(ENTRY))
    section = text.partition("### `POST /v1/echo/{word}`\n")[2].partition("###")[0]
    assert "Say a word again. Scope: `write`." in section
    assert "| `loudness` | query | 1 to 11 | `3` | How loud it is said |" in section
    assert "- Responds 200: What was heard; `application/json` (`Echo`)." in section
    assert "- Refuses with 400, 401, 403, 404, 416, 500, 503." in section
    assert "loudness" not in text.replace(section, "")


@pytest.mark.parametrize("scope", [{}, {"scope": ""}, {"scope": "raed"}], ids=["none", "empty", "wrong"])
def test_a_route_without_a_scope_does_not_start(scope: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"GET /v1/echo/<word> \(.*\.echo\).*scope") as caught:
        Route("/v1/echo/<word>", echo, **scope)
    assert all(one in str(caught.value) for one in get_args(Scope))


TWICE = {
    "path": Route("/v1/echo/<word>", shout, "read", ("POST",)),
    "another variable": Route("/v1/echo/<name>", shout, "read", ("GET", "POST")),
    "a slash": Route("/v1/echo/<string:word>/", shout, "read", ("POST",)),
    "operation": Route("/v2/echo", shout, "read", operation_id="echo"),
    "scope of a view": Route("/v2/echo/<word>", echo, "read", operation_id="echo_2"),
}


@pytest.mark.parametrize("other", TWICE.values(), ids=TWICE)
def test_two_routes_that_would_be_taken_for_each_other(other: Route) -> None:
    with pytest.raises(TypeError) as caught:
        serving(ENTRY, other)
    assert f"{ENTRY} and {other}" in str(caught.value)


def test_a_path_may_have_several_methods_and_a_view_several_paths() -> None:
    app = serving(
        ENTRY,
        Route("/v1/echo/<word>", shout, "read"),
        Route("/v2/echo/<word>", echo, "write", ("POST",), operation_id="echo_of_version"),
        auth="none",
    )
    client = client_of(app)
    assert client.get("/v1/echo/x").text == "x!"
    assert {*client.get("/openapi.json").json()["paths"]["/v1/echo/{word}"]} == {"get", "post"}
