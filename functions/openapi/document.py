"""The API as OpenAPI 3.1, derived from the application's routes."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_type_hints

import msgspec

from functions import VERSION
from functions.app import Darkroom
from functions.openapi.contents import present
from functions.openapi.steps import step_schemas
from functions.responses.problems import MEDIA_TYPE, Problem, error_kinds
from functions.routing import Content, Parameters, Reply, Route, Schema

_ALWAYS = (400, 401, 403, 500, 503)
_TIMEOUT: Schema = {
    "X-Request-Timeout": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "The caller's deadline, seconds, reading included; the server's own holds too",
    }
}
_HEADERS = {
    "X-Request-Id": "The caller's identifier, or a new one",
    "Server-Timing": "Milliseconds of each part of the work",
    "ETag": "Identifies source, pipeline, options and representation",
    "Location": "The URL of the new object, if there is exactly one",
    "X-Ignored-Options": "Options that the negotiated format lacks",
    "Content-Range": "Which bytes these are, and of how many",
}
_SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "A key, dk_…"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or a token of the configured issuer"},
}
_PERMISSIONS: list[Schema] = [{}, {"key": []}, {"bearer": []}]
"""Whether one of these is needed depends on the operator's settings."""
_TOPICS = {
    "process": "Processing", "info": "The server", "inference": "Open Inference Protocol",
    "protocol": "Open Inference Protocol", "images": "Stored pictures", "uploads": "Signed uploads",
    "render": "Renders",
}  # fmt: skip
"""Sections whose titles are not the names of their files."""
_VARIABLE = re.compile(r"<(?:[^:>]+:)?(\w+)>")


def openapi_document(app: Darkroom) -> Schema:
    """The whole description."""
    return _Document(app).written()


def _refused(route: Route) -> set[int]:
    """The statuses of a route's refusals; whoever sends a body may do it too slowly."""
    return {*_ALWAYS, *route.refuses, *((408,) if route.body else ())}


def topic(route: Route) -> str:
    """The section of the reference that a route belongs to: that of the file of its view."""
    family = route.view.__module__.rpartition(".")[2]
    return _TOPICS.get(family, family.replace("_", " ").capitalize())


def documented_path(route: Route) -> str:
    """A route's path as OpenAPI writes it."""
    return route.documented_path or _VARIABLE.sub(r"{\1}", route.path)


class _Document:
    """Builds a document: types become components as operations name them."""

    def __init__(self, app: Darkroom) -> None:
        self._app = app
        self._schemas: dict[str, Schema] = {}

    def written(self) -> Schema:
        """The complete document."""
        paths: dict[str, Schema] = {}
        for route in self._shown():
            operations = paths.setdefault(documented_path(route), {})
            operations |= {method.lower(): self._operation(route, method) for method in route.methods}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Darkroom",
                "version": VERSION,
                "summary": "Send a picture and a pipeline; get back a picture, or what is in it.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "tags": [{"name": name} for name in dict.fromkeys(map(topic, self._shown()))],
            "paths": paths,
            "components": {
                "securitySchemes": _SCHEMES,
                "responses": self._problems(),
                "schemas": {**self._schemas, **step_schemas(self._app.service)},
            },
        }

    def _shown(self) -> list[Route]:
        return [route for route in self._app.routes if route.include_in_schema]

    def _operation(self, route: Route, method: str) -> Schema:
        refused = {
            str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(_refused(route))
        }
        answers = route.answers or (Reply(description=route.summary),)
        name = route.operation if len(route.methods) == 1 else f"{route.operation}_{method.lower()}"
        operation: Schema = {"operationId": name, "summary": route.summary, "tags": [topic(route)]}
        if route.scope != "public":
            operation["security"] = _PERMISSIONS
        if parameters := list(self._parameters(route)):
            operation["parameters"] = parameters
        if route.body:
            operation["requestBody"] = {"required": route.body_required, "content": self._content(route.body)}
        answered = {str(reply.status): self._reply(reply) for reply in answers}
        return {**operation, "responses": {**answered, **refused}}

    def _parameters(self, route: Route) -> Iterator[Schema]:
        """Parameters of the path, by the view's annotations, of the query and of the headers."""
        hints = get_type_hints(route.view, include_extras=True)
        of_path = {name: self._schema(hints.get(name, str)) for name in _VARIABLE.findall(route.path)}
        for place, given in (
            ("path", route.path_parameters or of_path),
            ("query", route.query),
            ("header", route.headers),
            ("header", _TIMEOUT if 504 in route.refuses else {}),
        ):
            for name, (schema, required) in self._named(given).items():
                parameter = {"name": name, "in": place, "schema": schema, "description": schema.get("description", "")}
                yield {**parameter, "required": True} if required or place == "path" else parameter

    def _named(self, parameters: Parameters) -> dict[str, tuple[Schema, bool]]:
        """Schemas of parameters by name, and whether each is required."""
        if not isinstance(parameters, type):
            return {name: (schema, False) for name, schema in parameters.items()}
        return {
            field.encode_name: ({**present(self._schema(field.type)), **_default(field)}, field.required)
            for field in msgspec.structs.fields(parameters)
        }

    def _content(self, content: Content) -> Schema:
        return {media_type: {"schema": self._schema(kind)} for media_type, kind in content.items()}

    def _reply(self, reply: Reply) -> Schema:
        headers = {name: _header(name, required=True) for name in ("X-Request-Id", *reply.headers)}
        headers |= {name: _header(name, required=False) for name in reply.optional_headers}
        shape = {"description": reply.description, "headers": headers}
        return {**shape, "content": self._content(reply.content)} if reply.content else shape

    def _problems(self) -> Schema:
        """One response per status that a route refuses with, and its codes."""
        content = self._content({MEDIA_TYPE: Problem})
        codes: dict[int, list[str]] = {}
        for kind in error_kinds():
            codes.setdefault(kind.status, []).append(kind.code)
        statuses = {status for route in self._app.routes for status in _refused(route)}
        return {
            f"Problem{status}": {"description": f"`code` is {', '.join(codes[status])}", "content": content}
            for status in sorted(statuses)
        }

    def _schema(self, kind: Any) -> Schema:
        """The schema of a type, of any of several types, or as given; a schema with a title becomes a component."""
        if isinstance(kind, dict):
            return kind
        if isinstance(kind, tuple):
            return {"anyOf": [self._schema(one) for one in kind]}
        schema, components = _schema_of(kind)
        self._schemas |= components
        schema = self._chosen(schema)
        if "title" not in schema:
            return schema
        self._schemas[schema["title"]] = schema
        return {"$ref": f"#/components/schemas/{schema['title']}"}

    def _chosen(self, schema: Schema) -> Schema:
        """The schema of a model's name lists the models."""
        names = self._app.service.manifest.names()
        return {**schema, "enum": list(names)} if schema.get("x-kind") == "model" else schema


def _default(field: msgspec.structs.FieldInfo) -> Schema:
    """The default of a parameter; None and UNSET are none."""
    told = field.default not in {msgspec.NODEFAULT, msgspec.UNSET, None}
    return {"default": msgspec.to_builtins(field.default)} if told else {}


@cache
def _schema_of(kind: Any) -> tuple[Schema, dict[str, Schema]]:
    """The schema of a type, and its structs by name."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return schema, components


def _header(name: str, *, required: bool) -> Schema:
    return {"description": _HEADERS.get(name, ""), "required": required, "schema": {"type": "string"}}
