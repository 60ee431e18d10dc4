"""Findings and models: the server's JSON as typed values."""

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from darkroom_client.errors import BrokenResponseError

Task = Literal["detect", "faces", "persons", "segment", "classify"]
State = Literal["absent", "cached", "loading", "ready", "failed"]
Value = TypeVar("Value")


class Box(NamedTuple):
    """An upright rectangle, in pixels from the upper left corner of the picture."""

    x: float
    y: float
    width: float
    height: float


class Keypoint(NamedTuple):
    """A named place of an object, such as an eye, in pixels; `score` is 0 to 1."""

    name: str
    x: float
    y: float
    score: float


class Attribute(NamedTuple):
    """What a further model tells of an object: a `value`, or a `label` with its `score` from 0 to 1."""

    name: str
    model: str
    value: float | None = None
    label: str | None = None
    score: float | None = None


@dataclass(frozen=True)
class Object:
    """Something that was found. `index` is the class's number in the model, `quad` the corners if it is rotated.

    `text` is what a code says, `data` its bytes where they are not the text's in UTF-8.
    """

    label: str
    index: int
    score: float
    box: Box
    model: str
    quad: tuple[tuple[float, float], ...] | None = None
    keypoints: tuple[Keypoint, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    text: str | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Label:
    """What the picture as a whole shows."""

    label: str
    index: int
    score: float
    model: str


@dataclass(frozen=True)
class Segment:
    """A class map: what part of the picture each class covers, 0 to 1."""

    model: str
    labels: tuple[str, ...]
    share: Mapping[str, float]


@dataclass(frozen=True)
class Findings:
    """What was found in one frame. Kinds that no step looked for are empty, like those that were not found."""

    objects: tuple[Object, ...] = ()
    labels: tuple[Label, ...] = ()
    segments: tuple[Segment, ...] = ()
    ms: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of each label there are, the most frequent first."""
        return dict(Counter(found.label for found in self.objects).most_common())


@dataclass(frozen=True)
class Model:
    """A model of the server.

    `bytes` is the length of its files, `memory` what it takes once it is loaded. `latency_ms` is the mean time of a
    run, and `reason` why it failed. `labels` is empty if their file is absent.
    """

    name: str
    title: str
    task: Task | Literal["attributes"]
    state: State
    bytes: int
    licence: str
    source: str
    labels: tuple[str, ...] = ()
    latency_ms: float | None = None
    runs: int = 0
    memory: int = 0
    reason: str | None = None


def frames_of(findings: Mapping[str, Any]) -> tuple[Findings, ...]:
    """The findings of every frame; a still picture has one. BrokenResponseError if they are invalid."""
    return _read(lambda: tuple(map(_findings, findings.get("frames", [findings]))), "findings")


def model_of(entry: Any) -> Model:
    """One entry of `/v1/models`; BrokenResponseError if it is invalid. Unknown members are ignored."""
    return _read(lambda: _model(entry), "answer about a model")


def models_of(answer: Mapping[str, Any]) -> list[Model]:
    """All entries of `/v1/models`; BrokenResponseError if they are invalid."""
    return _read(lambda: [_model(entry) for entry in answer["models"]], "list of models")


def _read(read: Callable[[], Value], what: str) -> Value:
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenResponseError(f"The server's {what} cannot be read. Is it a Darkroom server?") from error


def _findings(shown: Mapping[str, Any]) -> Findings:
    return Findings(
        tuple(map(_object, shown.get("objects") or ())),
        tuple(Label(*_named(label), model=str(label["model"])) for label in shown.get("labels") or ()),
        tuple(map(_segment, shown.get("segments") or ())),
        int(shown.get("ms", 0)),
    )


def _named(shown: Mapping[str, Any]) -> tuple[str, int, float]:
    return str(shown["label"]), int(shown["class"]), float(shown["score"])


def _object(shown: Mapping[str, Any]) -> Object:
    x, y, width, height = map(float, shown["box"])
    corners = shown.get("quad")
    return Object(
        *_named(shown),
        Box(x, y, width, height),
        str(shown["model"]),
        tuple((float(across), float(down)) for across, down in corners) if corners else None,
        tuple(map(_keypoint, shown.get("keypoints") or ())),
        tuple(map(_attribute, shown.get("attributes") or ())),
        shown.get("text"),
        base64.b64decode(shown["base64"]) if "base64" in shown else None,
    )


def _keypoint(shown: Mapping[str, Any]) -> Keypoint:
    return Keypoint(str(shown["name"]), float(shown["x"]), float(shown["y"]), float(shown["score"]))


def _attribute(shown: Mapping[str, Any]) -> Attribute:
    value, score = shown.get("value"), shown.get("score")
    return Attribute(
        str(shown["name"]),
        str(shown["model"]),
        None if value is None else float(value),
        shown.get("label"),
        None if score is None else float(score),
    )


def _segment(shown: Mapping[str, Any]) -> Segment:
    share = {str(label): float(part) for label, part in shown["share"].items()}
    return Segment(str(shown["model"]), tuple(map(str, shown["labels"])), share)


def _model(entry: Mapping[str, Any]) -> Model:
    words = {name: str(entry[name]) for name in ("name", "title", "licence", "source")}
    latency, reason = entry.get("latency_ms"), entry.get("reason")
    return Model(
        **words,
        task=entry["task"],
        state=entry["state"],
        bytes=int(entry["bytes"]),
        labels=tuple(map(str, entry.get("labels") or ())),
        latency_ms=None if latency is None else float(latency),
        runs=int(entry.get("runs") or 0),
        memory=int(entry.get("memory") or 0),
        reason=None if reason is None else str(reason),
    )
