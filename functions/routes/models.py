"""The routes of models: description, state, loading and unloading."""

from collections.abc import Iterable
from typing import Annotated, Literal

from flask import Response, g
from msgspec import Meta

from core.errors import DarkroomError
from core.models.model import Model as ManifestModel
from core.models.runtime import State
from functions.app import here
from functions.responses.caching import fresh
from functions.routing import JsonObject, Route, json_reply
from service.errors import ForbiddenError, NoSuchModelError

ModelName = Annotated[str, Meta(extra_json_schema={"x-kind": "model"}, description="The name of a model")]
_Count = Annotated[int, Meta(ge=0)]


class ModelInput(JsonObject):
    """The network's input size in pixels; the largest if it is `dynamic`."""

    width: _Count
    height: _Count
    dynamic: bool


class Model(JsonObject):
    """A model and its state."""

    name: str
    title: str
    task: str
    origin: Annotated[Literal["shipped", "operator"], Meta(description="`operator`: from a table of DARKROOM_MODELS")]
    replaces_shipped: Annotated[bool, Meta(description="Whether it replaces a shipped model of the same name")]
    state: State
    bytes: Annotated[int, Meta(ge=0, description="Size of the weights")]
    memory: Annotated[int, Meta(ge=0, description="Memory it takes once loaded, bytes")]
    licence: str
    source: str
    revision: str
    labels: Annotated[list[str] | None, Meta(description="null if their file is missing")]
    input: Annotated[ModelInput | None, Meta(description="null if it takes no picture but tensors")]
    latency_ms: Annotated[float | None, Meta(description="Mean latency of its runs; null before the first")]
    runs: _Count
    reason: Annotated[str | None, Meta(description="Why it failed")]


class Models(JsonObject):
    """The models of the manifest."""

    models: list[Model]


def refuse_loading(names: Iterable[str]) -> None:
    """Refuse what would load one of these models for another site's page (403 cross_site)."""
    if g.caller.is_cross_site and any(here().service.models.state(name).state != "ready" for name in names):
        raise ForbiddenError("A page of another site sent this request, and no model is loaded for it.")


def models() -> Response:
    """List the models with their state."""
    return fresh(Models(models=[model_json(model_named(name)) for name in _names()]))


def model(name: ModelName) -> Response:
    """Describe a model and its state."""
    return fresh(model_json(model_named(name)))


def load(name: ModelName) -> Response:
    """Load a model ahead of time, fetching its weights if they are missing."""
    load_now(model_named(name))
    return fresh(model_json(model_named(name)))


def unload(name: ModelName) -> Response:
    """Unload a model; the next use loads it again."""
    here().service.models.unload(model_named(name).name)
    return fresh(model_json(model_named(name)))


def model_named(name: str) -> ManifestModel:
    """The model of this name; NoSuchModelError (404) if the manifest has none."""
    if name not in _names():
        raise NoSuchModelError(name, _names())
    return here().service.manifest[name]


def load_now(model_: ManifestModel) -> None:
    """Load a model, fetching its weights if necessary. Errors: 503 with a code for each cause, 504."""
    here().service.models.load(model_.name, g.deadline, fetch=True)


def model_json(known: ManifestModel) -> Model:
    """One model as JSON."""
    state = here().service.models.state(known.name)
    manifest, (width, height) = here().service.manifest, known.input.size
    return Model(
        name=known.name,
        title=known.title,
        task=known.task,
        origin="operator" if known.name in manifest.own else "shipped",
        replaces_shipped=known.name in manifest.replaced,
        state=state.state,
        bytes=sum(file.bytes for file in known.files),
        memory=state.bytes,
        licence=known.licence,
        source=known.source,
        revision=known.revision,
        labels=_labels(known),
        input=None if known.takes_tensors else ModelInput(width=width, height=height, dynamic=known.input.dynamic),
        latency_ms=state.latency_ms,
        runs=state.runs,
        reason=state.reason,
    )


def _labels(known: ManifestModel) -> list[str] | None:
    try:
        return list(here().service.models.labels(known))
    except DarkroomError:
        return None


def _names() -> list[str]:
    return list(here().service.manifest.names())


LOADING = (404, 413, 429, 503, 504)
"""Refusals of routes that load or unload a model."""
ROUTES = (
    Route("/v1/models", models, "read", answers=(json_reply(Models),)),
    Route("/v1/models/<name>", model, "read", answers=(json_reply(Model),), refuses=(404,)),
    Route("/v1/models/<name>/load", load, "admin", ("POST",), answers=(json_reply(Model),), refuses=LOADING),
    Route("/v1/models/<name>/unload", unload, "admin", ("POST",), answers=(json_reply(Model),), refuses=LOADING),
)
