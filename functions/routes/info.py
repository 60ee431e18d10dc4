"""Information routes: filters, formats, version, API description and health."""

import os
import platform
from typing import Any

import cv2
from flask import Response

from core.codecs import FORMATS, Format
from core.registry import Filter
from core.registry import filters as registered
from functions import VERSION
from functions.app import here
from functions.responses.caching import cacheable
from functions.routing import Route
from service.options import options


def health() -> dict[str, str]:
    """Whether the process is alive."""
    return {"status": "ok"}


def ready() -> dict[str, str]:
    """Whether the server is ready: filters are imported, and the models of DARKROOM_WARM are loaded."""
    registered()
    here().service.warmup.check()
    return {"status": "ready"}


def filters() -> Response:
    """List the filters and measures with their parameters."""
    return cacheable({"filters": [filter_json(known) for known in registered().values()]})


def filter_json(known: Filter) -> dict[str, Any]:
    """One filter as JSON; `parameters` is a JSON Schema object."""
    members = {
        "name": known.name,
        "kind": known.kind,
        "needs": known.needs,
        "summary": known.summary,
        "description": known.description,
        "family": known.family,
        "parameters": known.schema(),
        "example": known.example,
    }
    return {name: value for name, value in members.items() if value != ""}


def formats() -> Response:
    """List the formats with their options."""
    return cacheable({"formats": [format_json(known) for known in FORMATS.values()]})


def format_json(known: Format) -> dict[str, Any]:
    """One format as JSON; `options` maps a name to its JSON Schema."""
    plain = {
        name: getattr(known, name)
        for name in ("name", "media_type", "extensions", "reads", "writes", "animates", "alpha")
    }
    return {**plain, "options": {name: options()[name].schema() for name in known.options}}


def version() -> dict[str, str]:
    """The versions of the server; `revision` is the platform's name of the deployment."""
    members = {
        "name": "darkroom",
        "version": VERSION,
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "revision": os.environ.get("K_REVISION", ""),
    }
    return {name: value for name, value in members.items() if value}


def description() -> Response:
    """The API description, OpenAPI 3.1."""
    from functions.openapi.document import openapi_document

    return cacheable(openapi_document(here()))


ROUTES = (
    Route("/health", health, "read"),
    Route("/ready", ready, "read"),
    Route("/v1/filters", filters, "read"),
    Route("/v1/formats", formats, "read"),
    Route("/v1/version", version, "read"),
    Route("/openapi.json", description, "read"),
)
