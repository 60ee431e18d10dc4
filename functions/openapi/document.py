"""The API as OpenAPI 3.1, derived from the registry, the formats and the options: nothing is written twice."""

from typing import Any

from core.codecs import FORMATS
from core.pipeline import PRESET
from core.registry import Filter, filters
from functions import VERSION
from functions.app import Darkroom
from functions.openapi import answers, images, models
from functions.responses.problems import error_kinds
from service.options import options

Schema = dict[str, Any]

PICTURE: Schema = {"type": "string", "format": "binary", "description": "A picture in any format we read"}
_BASE64: Schema = {"type": "string", "format": "picture", "contentEncoding": "base64"}
_TEXT: Schema = {
    "type": "string",
    "format": "pipeline",
    "description": "Steps joined by /: `name:value,key=value/…`; empty only re-encodes",
    "examples": ["resize:800/blur:15/sepia"],
}
EVENT_TYPES = (
    "application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain",
)  # fmt: skip
_REFUSALS = (400, 401, 403, 404, 412, 413, 415, 422, 429, 500, 501, 502, 503, 504, 507)
"""501 and 412 are of storage as well, whose errors are all listed."""
_ADDRESSES = {"source": "source-address", "to": "target-address"}
_ALWAYS = (400, 401, 403, 500)
_HEADERS = {
    "X-Request-Id": "The caller's identifier, or a new one",
    "Server-Timing": "Milliseconds of each part of the work",
    "ETag": "Identifies source, pipeline, options and representation",
}


def openapi_document(app: Darkroom) -> Schema:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Darkroom",
            "version": VERSION,
            "summary": "Send a picture and a pipeline; get back a picture, or what is in it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {**_paths(), **models.paths(app), **images.paths(_option_schemas())},
        "components": {"schemas": _schemas(app), "responses": _responses()},
    }


def _paths() -> Schema:
    return {
        "/upload": {
            "post": _work("upload", "Blur a picture, or run a pipeline; answers a JPEG named blurred_image.jpg")
        },
        "/v1/process": {"post": _work("process", "Run a pipeline; answers a picture, or JSON about it")},
        "/events": {"post": _events()},
        "/v1/filters": {"get": _look("filters", "Every filter and measure", "Filters")},
        "/v1/formats": {"get": _look("formats", "Every format", "Formats")},
        "/v1/version": {"get": _look("version", "What runs here", "Version")},
        "/openapi.json": {"get": _look("description", "This description", "Description")},
        "/health": {"get": _look("health", "Whether the process lives", "Status")},
        "/ready": {"get": _look("ready", "Whether requests can be served", "Status", (*_ALWAYS, 503))},
    }


def _look(name: str, summary: str, schema: str, refusals: tuple[int, ...] = _ALWAYS) -> Schema:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    answered = {"description": summary, "headers": _headers("X-Request-Id"), "content": content}
    return {"operationId": name, "summary": summary, "responses": {"200": answered, **_refusals(refusals)}}


def _work(name: str, summary: str) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [_query("pipeline", _TEXT), *(_query(key, schema) for key, schema in _option_schemas().items())],
        "requestBody": {"required": True, "content": _bodies()},
        "responses": {"200": _result(), "201": _stored(), **_refusals(_REFUSALS)},
    }


def _events() -> Schema:
    """What storages tell; the body's shape is theirs."""
    content = {media_type: {"schema": {"type": ["object", "array"]}} for media_type in EVENT_TYPES}
    return {
        "operationId": "events",
        "summary": "Objects have changed: CloudEvents, Pub/Sub push or S3 notifications; see docs/buckets.md",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "204": {"description": "All of it is done", "headers": _headers("X-Request-Id")},
            **_refusals((400, 401, 403, 404, 413, 500, 503)),
        },
    }


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": schema["description"]}


def _option_schemas() -> Schema:
    """Options as they stand in a query or a form: what is left out is absent, never null."""
    return {name: _present(schema) for name, schema in _schemas_of_options().items()}


def _schemas_of_options() -> Schema:
    return {name: _with_format(name, parameter.schema()) for name, parameter in options().items()}


def _with_format(name: str, schema: Schema) -> Schema:
    """An address is no URI to every tool: its key is written as it is, not percent-encoded."""
    if name not in _ADDRESSES:
        return schema
    return {**schema, "anyOf": [{**schema["anyOf"][0], "format": _ADDRESSES[name]}, *schema["anyOf"][1:]]}


def _present(schema: Schema) -> Schema:
    if "anyOf" not in schema:
        return schema
    shape: Schema = schema["anyOf"][0]
    return {**shape, "description": schema["description"]}


def _bodies() -> Schema:
    form = {
        "type": "object",
        "properties": {"file": PICTURE, "pipeline": _TEXT, **_option_schemas()},
        "oneOf": [{"required": ["file"]}, {"required": ["source"]}],
        "description": "Further files are second pictures, by the names that steps give them",
    }
    media_types = dict.fromkeys(known.media_type for known in FORMATS.values() if known.reads)
    return {
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": {"$ref": "#/components/schemas/Order"}},
        **{media_type: {"schema": PICTURE} for media_type in media_types},
    }


def _result() -> Schema:
    media_types = dict.fromkeys(known.media_type for known in FORMATS.values() if known.writes)
    either = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Answer", "Answers", "Coco")]}
    return {
        "description": "The picture, JSON about it, or several results",
        "headers": _headers(*_HEADERS),
        "content": {
            **{media_type: {"schema": PICTURE} for media_type in media_types},
            "application/json": {"schema": either},
            "text/plain": {"schema": {"type": "string", "description": "With findings=yolo"}},
            "multipart/mixed": {"schema": {"type": "string", "format": "binary"}},
        },
    }


def _stored() -> Schema:
    either = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Answer", "Answers")]}
    location = {"Location": {"description": "Where the result is, if it is one", "schema": {"type": "string"}}}
    return {
        "description": "At least one result was stored, or was there already: JSON about all of them",
        "headers": {**_headers(*_HEADERS), **location},
        "content": {"application/json": {"schema": either}},
    }


def _headers(*names: str) -> Schema:
    return {name: {"description": _HEADERS[name], "required": True, "schema": {"type": "string"}} for name in names}


def _refusals(statuses: tuple[int, ...]) -> Schema:
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


def _responses() -> Schema:
    """One response a status, with the codes that come with it."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    statuses = sorted({*_REFUSALS, *(known.status for known in error_kinds())} - {405})
    codes = {status: [known.code for known in error_kinds() if known.status == status] for status in statuses}
    return {
        f"Problem{status}": {"description": f"`code` is {', '.join(codes[status])}", "content": content}
        for status in statuses
    }


def _schemas(app: Darkroom) -> Schema:
    steps = {known.name: _step(known) for known in filters().values()} | {
        PRESET: _preset(list(app.service.parser.presets))
    }
    return {
        **answers.schemas(),
        **models.schemas(),
        **images.schemas(),
        **{f"Step.{name}": schema for name, schema in steps.items()},
        "Pipeline": {"anyOf": [_TEXT, {"type": "array", "items": {"$ref": "#/components/schemas/Step"}}]},
        "Step": _one_of({name: f"#/components/schemas/Step.{name}" for name in steps}),
        "Order": _order(app),
        "Want": _want(),
    }


def _one_of(steps: dict[str, str]) -> Schema:
    """The step that its member `filter` names."""
    of = [{"$ref": reference} for reference in steps.values()]
    return {"oneOf": of, "discriminator": {"propertyName": "filter", "mapping": steps}}


def _step(known: Filter) -> Schema:
    shape = known.schema()
    return {
        **shape,
        "description": known.summary,
        "properties": {"filter": {"const": known.name}, **shape["properties"]},
        "required": ["filter", *shape.get("required", [])],
    }


def _preset(names: list[str]) -> Schema:
    properties = {"filter": {"const": PRESET}, "name": {"type": "string", "enum": names}}
    required = ["filter", "name"]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _json_options() -> Schema:
    """Options as JSON members; a list may be written as text there too."""
    return {
        name: {**schema, "type": ["array", "string"], "pattern": _list_of(schema)} if "items" in schema else schema
        for name, schema in _schemas_of_options().items()
    }


def _list_of(schema: Schema) -> str:
    words = "|".join(schema["items"]["enum"])
    return f"^({words})([ +]({words})){{0,63}}$"


def _order(app: Darkroom) -> Schema:
    properties = {"pipeline": {"$ref": "#/components/schemas/Pipeline"}, **_json_options()}
    pictures = {"type": "object", "additionalProperties": _BASE64, "description": "Second pictures by name"}
    wants = {"type": "array", "items": {"$ref": "#/components/schemas/Want"}, "minItems": 1}
    wants["maxItems"] = app.service.parser.limits.outputs
    several = {"outputs": wants, "include": properties["include"]}
    picture = {
        "image": {**_BASE64, "description": "The picture, as base64 or a base64 data URL"},
        "source": _present(properties.pop("source")),
    }
    ways = [(name, rest) for name in picture for rest in (properties, several)]
    return {"anyOf": [_order_of({name: picture[name], "pictures": pictures, **rest}) for name, rest in ways]}


def _order_of(properties: Schema) -> Schema:
    required = [name for name in ("image", "source", "outputs") if name in properties]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _want() -> Schema:
    own = {name: schema for name, schema in _json_options().items() if name not in {"include", "source"}}
    name = {"type": "string", "pattern": "^[a-z0-9_-]{1,32}$", "description": "What the result is called"}
    properties = {"name": name, "pipeline": {"$ref": "#/components/schemas/Pipeline"}, **own}
    return {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}
