"""What the API's description says of models: their routes, and those of the Open Inference Protocol."""

from typing import Any

from functions.app import Darkroom
from functions.requests.tensors import BINARY_TYPE, DATATYPES, INPUT, JSON_LENGTH

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_BOOL: Schema = {"type": "boolean"}
_LOOK = (400, 401, 403, 404, 500)
_LOAD = (400, 401, 403, 404, 413, 429, 500, 503, 504)
_INFER = (400, 401, 403, 404, 413, 415, 422, 429, 500, 503, 504)
_BASE64: Schema = {"type": "string", "format": "picture", "contentEncoding": "base64"}


def paths(app: Darkroom) -> Schema:
    """The routes. Each response but the refusals has a schema of `schemas`."""
    names = list(app.service.manifest.names())
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}
    version = {"name": "version", "in": "path", "required": True, "schema": {"type": "string", "enum": ["1"]}}
    return {**_ours([name]), **_servers(), **_repository([name]), **_of_model([name], [name, version])}


def _ours(name: list[Schema]) -> Schema:
    return {
        "/v1/models": {"get": _route("models", "Every model, with its state", "Models")},
        "/v1/models/{name}": {"get": _route("model", "One model, with its state", "Model", name, _LOOK)},
        "/v1/models/{name}/load": {
            "post": _route(
                "load", "Fetch a model's weights where they are missing, and compile it", "Model", name, _LOAD
            )
        },
        "/v1/models/{name}/unload": {"post": _route("unload", "Give back the memory of a model", "Model", name, _LOAD)},
    }


def _servers() -> Schema:
    ready = (*_LOOK, 503)
    return {
        "/v2": {"get": _route("server", "What runs here (Open Inference Protocol)", "InferenceServer")},
        "/v2/health/live": {"get": _route("live", "Whether the process lives", "Live")},
        "/v2/health/ready": {"get": _route("server_ready", "Whether requests can be served", "Ready", refusals=ready)},
    }


def _repository(name: list[Schema]) -> Schema:
    only = {"type": "object", "properties": {"ready": {**_BOOL, "description": "Only those that are loaded"}}}
    nothing = {"type": "object", "properties": {"parameters": {"type": "object", "maxProperties": 0}}}
    at = "/v2/repository/models/{name}"
    return {
        "/v2/repository/index": {"post": _sent(_route("index", "Every model's state", "ModelIndex", (), _INFER), only)},
        f"{at}/load": {"post": _sent(_route("repository_load", "Load a model", "ModelRow", name, _LOAD), nothing)},
        f"{at}/unload": {"post": _route("repository_unload", "Unload a model", "ModelRow", name, _LOAD)},
    }


def _of_model(name: list[Schema], version: list[Schema]) -> Schema:
    found: Schema = {}
    for path, places, ending in (
        ("/v2/models/{name}", name, ""),
        ("/v2/models/{name}/versions/{version}", version, "_of_version"),
    ):
        told = _route(f"metadata{ending}", "A model's input and outputs; loads it", "ModelMetadata", places, _LOAD)
        ready = _route(f"model_ready{ending}", "Whether a model is loaded", "ModelReady", places, (*_LOOK, 503))
        found[path] = {"get": told}
        found[f"{path}/ready"] = {"get": ready}
        found[f"{path}/infer"] = {"post": _infer(f"infer{ending}", places)}
    return found


def _infer(operation: str, places: list[Schema]) -> Schema:
    length = {
        "name": JSON_LENGTH,
        "in": "header",
        "schema": {"type": "string", "pattern": "^[0-9]{1,11}$"},
        "description": "Bytes of JSON before the binary tensors; 0: the body is nothing but an encoded picture",
    }
    coding = {
        "name": "Content-Encoding",
        "in": "header",
        "schema": {"type": "string", "enum": ["identity", "gzip", "deflate"]},
        "description": "How the body is compressed",
    }
    summary = "A picture in, the network's tensors out"
    route = _route(operation, summary, "InferenceResponse", [*places, length, coding], _INFER)
    route["responses"]["200"]["content"][BINARY_TYPE] = {"schema": {"type": "string", "format": "binary"}}
    route["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequest"}},
            BINARY_TYPE: {"schema": {"type": "string", "format": "binary", "description": "JSON, then tensors"}},
        },
    }
    return route


def _route(
    operation: str, summary: str, schema: str, parameters: list[Schema] | tuple[()] = (), refusals: tuple[int, ...] = ()
) -> Schema:
    answered = {
        "description": summary,
        "headers": {"X-Request-Id": {"required": True, "schema": _STRING}},
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }
    refused = {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in refusals or (400, 401, 403, 500)
    }
    route: Schema = {"operationId": operation, "summary": summary, "responses": {"200": answered, **refused}}
    return {**route, "parameters": list(parameters)} if parameters else route


def _sent(route: Schema, schema: Schema) -> Schema:
    return {**route, "requestBody": {"content": {"application/json": {"schema": schema}}}}


def schemas() -> Schema:
    """Every schema by its name."""
    return {
        "Models": _object({"models": _list({"$ref": "#/components/schemas/Model"})}),
        "Model": _model(),
        "InferenceServer": _object({"name": _STRING, "version": _STRING, "extensions": _list(_STRING)}),
        "Live": _object({"live": _BOOL}),
        "Ready": _object({"ready": _BOOL}),
        "ModelReady": _object({"name": _STRING, "ready": _BOOL}),
        "ModelRow": _row(),
        "ModelIndex": _list({"$ref": "#/components/schemas/ModelRow"}),
        "ModelMetadata": _metadata(),
        "InferenceRequest": _request(),
        "InferenceResponse": _response(),
    }


def _object(properties: Schema, *optional: str) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def _model() -> Schema:
    texts = dict.fromkeys(("name", "title", "task"), _STRING)
    return _object(
        {
            **texts,
            "origin": {"enum": ["shipped", "operator"], "description": "operator: a table of DARKROOM_MODELS"},
            "replaces_shipped": {**_BOOL, "description": "Whether that table replaces a shipped one of the same name"},
            "state": {"enum": ["absent", "cached", "loading", "ready", "failed"]},
            "bytes": {**_COUNT, "description": "Length of the weights"},
            "memory": {**_COUNT, "description": "Bytes that it takes once it is loaded"},
            **dict.fromkeys(("licence", "source", "revision"), _STRING),
            "labels": {"type": ["array", "null"], "items": _STRING, "description": "null where their file is absent"},
            "input": _object({"width": _COUNT, "height": _COUNT, "dynamic": _BOOL}),
            "latency_ms": {"type": ["number", "null"], "description": "Of a run, so far; null before the first"},
            "runs": _COUNT,
            "reason": {"type": ["string", "null"], "description": "Why it failed"},
        }
    )


def _row() -> Schema:
    states = {"enum": ["READY", "LOADING", "UNAVAILABLE"]}
    return _object({"name": _STRING, "version": _STRING, "state": states, "reason": _STRING})


def _tensor() -> Schema:
    return {"name": _STRING, "datatype": {"enum": list(DATATYPES)}, "shape": _list({"type": "integer", "minimum": -1})}


def _metadata() -> Schema:
    tensors = _list(_object(_tensor()))
    named = {"name": _STRING, "versions": _list(_STRING), "platform": _STRING}
    return _object({**named, "inputs": tensors, "outputs": tensors})


def _request() -> Schema:
    """One input; a picture of BYTES is the form that a schema can describe wholly."""
    byte = {"type": "integer", "minimum": 0, "maximum": 255}
    encoded = {
        "name": {"const": INPUT},
        "datatype": {"const": "BYTES"},
        "shape": {"const": [1]},
        "data": _list({**_BASE64, "description": "A picture in any format we read"}, minItems=1, maxItems=1),
        "parameters": {"type": "object", "maxProperties": 0},
    }
    pixels = {
        "name": {"const": INPUT},
        "datatype": {"const": "UINT8"},
        "shape": _list(_COUNT, minItems=4, maxItems=4, description="1, height, width, 3, the network's size; BGR"),
        "data": _list({"anyOf": [byte, _list({})]}),
        "parameters": {"type": "object", "properties": {"binary_data_size": _COUNT}},
    }
    one = {"anyOf": [_object(encoded, "parameters"), _object(pixels, "parameters", "data")]}
    output = _object({"name": _STRING, "parameters": _object({"binary_data": _BOOL}, "binary_data")}, "parameters")
    properties = {
        "id": _STRING,
        "inputs": _list(one, minItems=1, maxItems=1),
        "outputs": _list(output),
        "parameters": {"type": "object", "properties": {"binary_data_output": _BOOL}},
    }
    return _object(properties, "id", "outputs", "parameters")


def _response() -> Schema:
    numbers = _list({"type": ["number", "boolean", "null"]})
    output = {**_tensor(), "data": numbers, "parameters": _object({"binary_data_size": _COUNT})}
    outputs = _list(_object(output, "data", "parameters"))
    return _object({"model_name": _STRING, "model_version": _STRING, "id": _STRING, "outputs": outputs}, "id")
