"""Pages that explain: the steps, the models, and the API with every error code."""

from itertools import groupby
from typing import Any
from urllib.parse import quote

from flask import Response

from core.filter import Filter
from core.language.parameters import Parameter
from core.registry import filters
from functions import assets
from functions.app import here
from functions.pages.form import missing_model
from functions.pages.page import as_page, page
from functions.responses import problems
from functions.routes.models import Model, model_json
from functions.routing import Route

_PICTURE_NEEDED = "pictures"


@as_page
def filters_page() -> Response:
    """Every step with its picture, its parameters and an example."""
    known = sorted(filters().values(), key=lambda step: (step.family, step.name))
    families = {family: [_step(one) for one in steps] for family, steps in groupby(known, key=lambda step: step.family)}
    return page("filters.html", families=families, count=len(known), presets=here().service.parser.presets)


def _step(known: Filter) -> dict[str, Any]:
    """What the page tells of a step."""
    example = f"{known.example}/draw" if known.task == "detect" or known.labels else known.example
    return {
        "name": known.name, "kind": known.kind, "summary": known.summary, "description": known.description,
        "example": known.example, "link": f"darkroom?pipeline={quote(example, safe='')}",
        "picture": step_picture(known.name),
        "absent": missing_model(known), "needs_picture": _PICTURE_NEEDED in known.needs,
        "parameters": [_parameter(one) for one in known.parameters],
    }  # fmt: skip


def step_picture(name: str) -> str:
    """The address of a step's picture; empty if it has none, as a custom filter."""
    file = f"filters/{name}.webp"
    return assets.address(file) if (assets.FOLDER / file).is_file() else ""


def _parameter(known: Parameter) -> dict[str, str]:
    default = "" if known.required or known.default is None else known.text(known.default)
    return {
        "name": known.name, "expected": known.expected, "description": known.description,
        "default": "required" if known.required else default if isinstance(default, str) else "+".join(default),
    }  # fmt: skip


@as_page
def models_page() -> Response:
    """Every model with its state, and how missing weights are got."""
    manifest = here().service.manifest
    found = [_model(model_json(manifest[name])) for name in manifest.names()]
    by_task = sorted(found, key=lambda one: (one["model"].task, one["model"].state == "absent", one["model"].name))
    tasks = {task: list(group) for task, group in groupby(by_task, key=lambda one: one["model"].task)}
    return page("models.html", tasks=tasks, fetches=here().service.settings.model_fetch)


def _model(model: Model) -> dict[str, Any]:
    step = next((known.name for known in filters().values() if known.task == model.task), "")
    before = "detect/" if model.task == "attributes" else ""
    drawn = "/draw" if model.task in {"detect", "faces", "persons", "attributes"} else ""
    return {
        "model": model, "step": step, "default": here().service.settings.resolve_model(model.task) == model.name,
        "link": f"darkroom?pipeline={quote(f'{before}{step}:model={model.name}{drawn}', safe='')}",
    }  # fmt: skip


@as_page
def docs() -> Response:
    """The API reference, with every error code."""
    return page("docs.html", errors=list(problems.error_kinds()))


ROUTES = (
    Route("/filters", filters_page, "read", include_in_schema=False),
    Route("/models", models_page, "read", include_in_schema=False),
    Route("/docs", docs, "public", include_in_schema=False),
)
