"""The routes of models: description, state, loading and unloading."""

from typing import Any

from flask import Response

from core.errors import DarkroomError
from core.limits import Deadline
from core.models.model import Model
from functions.app import here
from functions.responses.caching import fresh
from functions.routing import Route
from service.errors import NoSuchModelError


def models() -> Response:
    """List the models with their state."""
    return fresh({"models": [model_json(model_named(name)) for name in _names()]})


def model(name: str) -> Response:
    """Describe a model and its state."""
    return fresh(model_json(model_named(name)))


def load(name: str) -> Response:
    """Load a model ahead of time, fetching its weights if they are missing."""
    load_now(model_named(name))
    return fresh(model_json(model_named(name)))


def unload(name: str) -> Response:
    """Unload a model; the next use loads it again."""
    here().service.models.unload(model_named(name).name)
    return fresh(model_json(model_named(name)))


def model_named(name: str) -> Model:
    """The model of this name; NoSuchModelError (404) if the manifest has none."""
    if name not in _names():
        raise NoSuchModelError(name, _names())
    return here().service.manifest[name]


def load_now(model_: Model) -> None:
    """Load a model, fetching its weights if necessary. Errors: 503 with a code for each cause, 504."""
    app = here()
    app.service.models.load(model_.name, Deadline(app.service.settings.max_seconds), fetch=True)


def model_json(known: Model) -> dict[str, Any]:
    """A model as JSON. `bytes` is the size of its weights, `memory` what it takes once loaded.

    `labels` is null if their file is missing. `origin` is `operator` for a table of `DARKROOM_MODELS`, else
    `shipped`; `replaces_shipped` says whether that table replaces a shipped one of the same name.
    """
    state = here().service.models.state(known.name)
    return {
        "name": known.name,
        "title": known.title,
        "task": known.task,
        "origin": "operator" if known.name in here().service.manifest.own else "shipped",
        "replaces_shipped": known.name in here().service.manifest.replaced,
        "state": state.state,
        "bytes": sum(file.bytes for file in known.files),
        "memory": state.bytes,
        "licence": known.licence,
        "source": known.source,
        "revision": known.revision,
        "labels": _labels(known),
        "input": {"width": known.input.size[0], "height": known.input.size[1], "dynamic": known.input.dynamic},
        "latency_ms": state.latency_ms,
        "runs": state.runs,
        "reason": state.reason,
    }


def _labels(known: Model) -> list[str] | None:
    try:
        return list(here().service.models.labels(known))
    except DarkroomError:
        return None


def _names() -> list[str]:
    return list(here().service.manifest.names())


ROUTES = (
    Route("/v1/models", models, "read"),
    Route("/v1/models/<name>", model, "read"),
    Route("/v1/models/<name>/load", load, "admin", ("POST",)),
    Route("/v1/models/<name>/unload", unload, "admin", ("POST",)),
)
