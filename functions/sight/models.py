"""The models that there are: what each is, its state, and loading or unloading it ahead of time.

`python -m functions.sight.models` is what `make models` runs: see functions/sight/fetch.py.
"""

import sys
from typing import TYPE_CHECKING, Any

from flask import Response

from core.errors import DarkroomError
from core.limits import Deadline
from core.models.manifest import Model
from functions.answer import to_json
from functions.negotiate import JSON_TYPE
from functions.problems import NoSuchModelError

if TYPE_CHECKING:
    from functions.http import Darkroom


def install(app: "Darkroom") -> None:
    """Add the routes about models."""
    app.serve("/v1/models", models, "read")
    app.serve("/v1/models/<name>", model, "read")
    app.serve("/v1/models/<name>/load", load, "admin", ("POST",))
    app.serve("/v1/models/<name>/unload", unload, "admin", ("POST",))


def models() -> Response:
    """Every model of the manifest, with its state."""
    return _fresh({"models": [about(named(name)) for name in _names()]})


def model(name: str) -> Response:
    """One model, with its state."""
    return _fresh(about(named(name)))


def load(name: str) -> Response:
    """Fetch a model's weights where they are missing, and compile it, before somebody needs it."""
    loaded(named(name))
    return _fresh(about(named(name)))


def unload(name: str) -> Response:
    """Give back the memory of a model; whoever asks for it next loads it again."""
    here().runtime.unload(named(name).name)
    return _fresh(about(named(name)))


def here() -> "Darkroom":
    """The application of the request at hand."""
    from functions.http import here as application

    return application()


def named(name: str) -> Model:
    """The model of this name; NoSuchModelError (404) where the manifest has none."""
    if name not in _names():
        raise NoSuchModelError(name, _names())
    return here().manifest[name]


def loaded(wanted: Model) -> None:
    """Load a model, with its weights from wherever the manifest says. Errors: 503 with a code of its own each, 504."""
    app = here()
    app.runtime.load(wanted.name, Deadline(app.settings.max_seconds), fetch=True)


def about(known: Model) -> dict[str, Any]:
    """A model as JSON. `bytes` is the length of its weights, `memory` what it takes once it is loaded.

    `labels` is null where their file is absent.
    """
    state = here().runtime.state(known.name)
    return {
        "name": known.name,
        "title": known.title,
        "task": known.task,
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
        return list(here().runtime.labels(known))
    except DarkroomError:
        return None


def _names() -> list[str]:
    return list(here().manifest.names())


def _fresh(value: Any) -> Response:
    """A JSON answer that holds for this moment."""
    response = Response(to_json(value), content_type=JSON_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


if __name__ == "__main__":
    from functions.sight.fetch import main

    sys.exit(main(sys.argv[1:]))
