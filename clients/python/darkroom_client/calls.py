"""What each method of the clients asks for, and how its response is read: the same for both, and no byte is sent."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from json import dumps
from typing import Any, Literal, TypedDict, TypeVar, cast
from urllib.parse import quote, urlencode

import httpx

from darkroom_client.errors import BrokenResponseError
from darkroom_client.files import Picture
from darkroom_client.findings import Findings, Task, frames_of, model_of, models_of
from darkroom_client.images import image_of, page_of
from darkroom_client.media import is_address, type_named
from darkroom_client.result import Result
from darkroom_client.steps import step
from darkroom_client.transport import Call, media_type, object_of

Value = TypeVar("Value")
Options = Mapping[str, str | float | None]
_ANSWERS = ("image/", "application/json", "application/zip", "multipart/mixed", "text/plain")
_DRAWN = "drawn"
_ID = re.compile(r"[0-9a-f]{32}\Z")
_IN_SEGMENTS = ":,=+@!$&'()*;~"


@dataclass(frozen=True)
class PictureFindings:
    """What was found in a picture of `width` × `height` pixels.

    `frames` has the findings of each frame; without `draw`, those of the first one only. `drawn` is the picture with
    the findings drawn over it, if requested. `findings` is the server's own JSON of all this.
    """

    width: int
    height: int
    frames: tuple[Findings, ...]
    findings: Mapping[str, Any]
    drawn: Result | None = None

    @property
    def first(self) -> Findings:
        """The findings of the first frame, which is the only one of a still picture."""
        return self.frames[0]


class Filter(TypedDict):
    """One entry of `/v1/filters`. `parameters` is a JSON Schema of an object, `example` a pipeline."""

    name: str
    kind: Literal["filter", "measure", "vision"]
    needs: list[str]
    summary: str
    parameters: dict[str, Any]
    example: str


def process(picture: Picture, pipeline: str, pictures: Mapping[str, Picture], options: Options) -> Call[Result]:
    """A picture, or one at an address that the server reads, through a pipeline."""
    if "file" in pictures:
        raise ValueError('"file" is the name of the picture itself; give the second picture another name.')
    query = {"pipeline": pipeline, **options}
    if is_address(picture):
        return Call("POST", "/v1/process", _result, {**query, "source": picture}, dict(pictures))
    return Call("POST", "/v1/process", _result, query, {"file": picture, **pictures})


def inspect(picture: Picture, pipeline: str, pictures: Mapping[str, Picture], options: Options) -> Call[dict[str, Any]]:
    """JSON about a picture."""
    asked = process(picture, pipeline, pictures, {**options, "format": "json"})
    return Call(asked.method, asked.path, lambda answer: asked.read(answer).json(), asked.query, asked.parts)


def explain(picture: Picture, pipeline: str, pictures: Mapping[str, Picture], options: Options) -> Call[dict[str, Any]]:
    """How a picture would be made."""
    asked = process(picture, pipeline, pictures, {**options, "explain": "true"})
    return Call(asked.method, asked.path, lambda answer: asked.read(answer).json(), asked.query, asked.parts)


def detect(
    picture: Picture,
    task: Task,
    *,
    model: str | None,
    classes: Iterable[str],
    score: float | None,
    draw: bool,
    format: str | None,  # noqa: A002 - the server's own word
) -> Call[PictureFindings]:
    """What a model finds; the drawn picture and its findings come in one response, as one of several `outputs`."""
    pipeline = step(task, model=model, classes=classes, score=score)
    if not draw:
        asked = inspect(picture, pipeline, {}, {})
        return Call(asked.method, asked.path, lambda answer: _found(asked.read(answer)), asked.query, asked.parts)
    output = {"name": _DRAWN, "pipeline": f"{pipeline}/draw", **({"format": format} if format else {})}
    fields = {"request": dumps({"outputs": [output], "include": ["image"]})}
    read = lambda answer: _found(object_of(answer.content), dict(answer.headers))  # noqa: E731
    if is_address(picture):
        return Call("POST", "/v1/process", read, {"source": picture}, {}, fields)
    return Call("POST", "/v1/process", read, {}, {"file": picture}, fields)


def get(path: str, read: Callable[[dict[str, Any]], Value], query: Options | None = None) -> Call[Value]:
    """A JSON object."""
    return Call("GET", path, lambda answer: read(object_of(answer.content)), query or {})


def model_path(name: str, verb: str = "") -> str:
    """The path of a model, or of what is done with it."""
    return f"/v1/models/{quote(name, safe='')}{verb and f'/{verb}'}"


def model_action(name: str, verb: str) -> Call[Any]:
    """Load or unload a model."""
    return Call("POST", model_path(name, verb), lambda answer: model_of(object_of(answer.content)))


def image_path(id: str) -> str:  # noqa: A002 - the server's own word
    """The path of a stored picture."""
    return f"/v1/images/{quote(id, safe='')}"


def put_image(picture: Picture, name: str | None) -> Call[Any]:
    """Store a picture."""
    read = lambda answer: image_of(object_of(answer.content))  # noqa: E731
    return Call("POST", "/v1/images", read, {"name": name}, {"file": picture}, once=True)


def original(id: str) -> Call[Result]:  # noqa: A002
    """The bytes of a stored picture."""
    return Call("GET", f"{image_path(id)}/original", _any_result)


def delete_image(id: str) -> Call[None]:  # noqa: A002
    """Delete a stored picture."""
    return Call("DELETE", image_path(id), lambda _: None)


def listed(name: str) -> Callable[[dict[str, Any]], list[Any]]:
    """Reads the list that is the member of this name; BrokenResponseError if there is none."""

    def read(answer: dict[str, Any]) -> list[Any]:
        found = answer.get(name)
        if not isinstance(found, list):
            raise BrokenResponseError(f"The server's list of {name} cannot be read. Is it a Darkroom server?")
        return found

    return read


def filters() -> Call[list[Filter]]:
    """Every step."""
    return get("/v1/filters", lambda answer: cast("list[Filter]", listed("filters")(answer)))


def presets() -> Call[dict[str, str]]:
    """The pipelines of the presets by their names."""
    return get("/v1/presets", lambda answer: {row["name"]: row["pipeline"] for row in listed("presets")(answer)})


def models() -> Call[Any]:
    """Every model."""
    return get("/v1/models", models_of)


def model(name: str) -> Call[Any]:
    """One model."""
    return get(model_path(name), model_of)


def images(query: Options) -> Call[Any]:
    """A page of stored pictures."""
    return get("/v1/images", page_of, query)


def image(id: str) -> Call[Any]:  # noqa: A002
    """One picture's row."""
    return get(image_path(id), image_of)


def render_url(base_url: str, source: str, pipeline: str, options: Options) -> str:
    """The URL of a picture through a pipeline. ValueError for a source that is neither an id nor an address."""
    if not pipeline:
        raise ValueError("A render needs a pipeline.")
    steps = "/".join(quote(text, safe=_IN_SEGMENTS) for text in pipeline.split("/"))
    given = {name: value for name, value in options.items() if value is not None}
    query = f"?{urlencode(given)}" if given else ""
    if _ID.match(source):
        return f"{base_url}/v1/images/{source}/{steps}{query}"
    if not is_address(source):
        raise ValueError("A source is the id of a stored picture, or an address such as gs://bucket/key.")
    scheme, _, place = source.partition("://")
    where = "/".join(quote(text, safe=_IN_SEGMENTS) for text in place.split("/"))
    return f"{base_url}/v1/render/{steps}/-/{scheme}/{where}{query}"


def _any_result(answer: httpx.Response) -> Result:
    return Result(answer.content, media_type(answer), dict(answer.headers))


def _result(answer: httpx.Response) -> Result:
    result = _any_result(answer)
    if not result.content_type.startswith(_ANSWERS):
        raise BrokenResponseError(
            f"The server answered with {result.content_type or 'no content type'}. Is it a Darkroom server?"
        )
    return result


def _found(answer: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> PictureFindings:
    """The findings in a response; with `headers` they are one of several outputs, with the picture."""
    try:
        shown = answer if headers is None else answer["outputs"][_DRAWN]
        output, findings = shown["output"], dict(shown["findings"])
        size = int(output["width"]), int(output["height"])
        drawn = None
        if headers is not None:
            drawn = Result(b64decode(shown["image"], validate=True), type_named(output["format"]), headers)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenResponseError("The server's findings cannot be read. Is it a Darkroom server?") from error
    return PictureFindings(*size, frames_of(findings), findings, drawn)
