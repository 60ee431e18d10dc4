"""What the API's description says of the catalog: its routes, and the shape of a row."""

from typing import Any

from catalog.query import LONGEST, LONGEST_CURSOR, MOST, SORTS
from catalog.row import LONGEST_SIDE
from core.codecs import FORMATS
from service.settings import Settings

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_SIDE: Schema = {"type": "integer", "minimum": 1, "maximum": LONGEST_SIDE}
_TEXT: Schema = {"type": "string", "pattern": f"^[ -\ud7ff\ue000-\U0010ffff]{{1,{LONGEST}}}$"}
_TIME: Schema = {
    "type": "string",
    "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$",
}
_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_LOOK = (400, 401, 403, 404, 500, 503)
_READ = (400, 401, 403, 404, 412, 416, 500, 502, 503, 504)
_WRITE = (400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 502, 503, 504, 507)
_PICTURE: Schema = {"type": "string", "format": "binary", "description": "A picture in any format we read"}
_BASE64: Schema = {"type": "string", "format": "picture", "contentEncoding": "base64"}
_NAME: Schema = {
    "type": "string", "description": "The picture's name, of which 200 characters are kept; else that of the file",
}  # fmt: skip

_RENDER = (400, 401, 403, 404, 412, 413, 415, 416, 422, 429, 500, 502, 503, 504)
_ASK = (400, 401, 403, 413, 500, 501, 502, 503)
_PIPELINE: Schema = {
    "type": "string",
    "format": "pipeline",
    "minLength": 1,
    "description": "Steps joined by /; a slash inside a value is written %2F",
}
_SOURCE: dict[str, Schema] = {
    "pipeline": _PIPELINE,
    "scheme": {"type": "string", "pattern": "^[a-z][a-z0-9]{0,15}$", "description": "`gs`, `s3`, `https`, `file`"},
    "bucket": {
        "type": "string",
        "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$",
        "description": "The bucket, or the host",
    },
    "key": {"type": "string", "pattern": "^[A-Za-z0-9_]{1,60}$", "description": "The key, with its slashes"},
}
_QUERY: dict[str, Schema] = {
    "min_width": {**_SIDE, "description": "Least width, pixels"},
    "max_width": {**_SIDE, "description": "Greatest width, pixels"},
    "min_height": {**_SIDE, "description": "Least height, pixels"},
    "max_height": {**_SIDE, "description": "Greatest height, pixels"},
    "format": {**_TEXT, "description": "The file's format, such as `jpeg`"},
    "label": {**_TEXT, "description": "Something that was seen in it"},
    "camera": {**_TEXT, "description": "Maker and model"},
    "name": {**_TEXT, "description": "The beginning of its name, case aside"},
    "after": {**_TIME, "description": "Taken, or else added, at this day or time or later; UTC where no zone is given"},
    "before": {**_TIME, "description": "Taken, or else added, before this day or time"},
    "similar_to": {
        "type": "string", "pattern": "^[0-9a-f]{16}([0-9a-f]{16})?$",
        "description": "A picture's id, or a phash: the `limit` nearest, nearest first, in one page",
    },
    "sort": {
        "enum": [f"{sign}{name}" for name in SORTS for sign in ("", "-")], "type": "string",
        "description": "What rows are ordered by; with - the largest first. Left out: `-added`",
    },
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": "Most rows of a page; left out: 50"},
    "cursor": {"type": "string", "maxLength": LONGEST_CURSOR, "description": "`next` of the page before"},
}  # fmt: skip
_LONGEST = Settings().max_upload_bytes
"""Bytes of an upload, unless the operator sets another limit."""


def paths(rendering: Schema) -> Schema:
    """The routes; `rendering` are the options of results by name."""
    options = [
        _query(name, {**schema, "description": _said(schema)})
        for name, schema in rendering.items()
        if name not in {"source", "to"}
    ]
    return {**_kept(options), **_uploads(), **_rendered(options)}


def _kept(options: list[Schema]) -> Schema:
    at = [{"name": "id", "in": "path", "required": True, "schema": _ID}]
    row, page = _json("ImageRow", "The row"), _json("ImagePage", "A page of rows")
    return {
        "/v1/images": {
            "get": _route("images", "Pictures by size, format, label, name, time or likeness", {"200": page}, _LOOK)
            | {"parameters": [_query(name, schema) for name, schema in _QUERY.items()]},
            "post": _route("put_image", "Keep a picture", {"201": _located(row)}, _WRITE)
            | {"parameters": [_query("name", _NAME)], "requestBody": {"required": True, "content": _bodies()}},
        },
        "/v1/images/{id}": {
            "get": _route("image", "What is known of a picture", {"200": row}, _LOOK) | {"parameters": at},
            "delete": _route("delete_image", "Delete a picture and all that was made of it", {"204": _empty()}, _WRITE)
            | {"parameters": at},
        },
        "/v1/images/{id}/original": {
            "get": _route("original", "The picture as it was stored", _bytes(), _READ) | {"parameters": at}
        },
        "/v1/images/{id}/{pipeline}": {
            "get": _route("render_image", "A kept picture through a pipeline", _bytes(json=True), _RENDER)
            | {"parameters": [*at, _path("pipeline", _PIPELINE), *options]}
        },
    }


def _uploads() -> Schema:
    return {
        "/v1/uploads": {
            "post": _route("ask_upload", "A signed address for one upload", {"200": _json("Upload", "It")}, _ASK)
            | {"requestBody": {"required": True, "content": {"application/json": {"schema": _wish()}}}}
        },
        "/v1/uploads/{token}": {
            "put": _route(
                "receive_upload", "Receive an upload to `file://`", {"201": _json("Uploaded", "Where")}, _WRITE
            )
            | {"parameters": [_path("token", {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,2000}$"})]}
            | {"requestBody": {"required": True, "content": {kind: {"schema": _PICTURE} for kind in _readable()}}}
        },
    }


def _rendered(options: list[Schema]) -> Schema:
    return {
        "/v1/render/{pipeline}/-/{scheme}/{bucket}/{key}": {
            "get": _route("render", "A picture at an allowed address, through a pipeline", _bytes(json=True), _RENDER)
            | {"parameters": [_path(name, schema) for name, schema in _SOURCE.items()] + options}
        },
    }


def _route(operation: str, summary: str, answered: Schema, refusals: tuple[int, ...]) -> Schema:
    refused = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in refusals}
    return {"operationId": operation, "summary": summary, "responses": {**answered, **refused}}


def _said(schema: Schema) -> str:
    return str(schema.get("description", ""))


def _path(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": _said(schema)}


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": schema["description"]}


def _json(schema: str, description: str) -> Schema:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "headers": _headers(), "content": content}


def _headers(*names: str) -> Schema:
    return {name: {"required": True, "schema": _STRING} for name in ("X-Request-Id", *names)}


def _located(answered: Schema) -> Schema:
    return {**answered, "headers": _headers("Location")}


def _empty() -> Schema:
    return {"description": "It is gone", "headers": _headers()}


def _bytes(*, json: bool = False) -> Schema:
    """A whole body, a part of it, or word that the caller has it."""
    media_types = dict.fromkeys(known.media_type for known in FORMATS.values())
    content: Schema = {media_type: {"schema": _PICTURE} for media_type in media_types}
    if json:
        either = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Answer", "Coco")]}
        content |= {"application/json": {"schema": either}, "text/plain": {"schema": _STRING}}
    return {
        "200": {"description": "The bytes", "headers": _headers("ETag"), "content": content},
        "206": {
            "description": "One range of the bytes",
            "headers": _headers("ETag", "Content-Range"),
            "content": content,
        },
        "304": {"description": "The caller has it already", "headers": _headers("ETag")},
    }


def _bodies() -> Schema:
    file = {"type": "object", "properties": {"file": _PICTURE, "name": _NAME}, "required": ["file"]}
    members = {"image": {**_BASE64, "description": "The picture, as base64 or a base64 data URL"}, "name": _NAME}
    order = {"type": "object", "properties": members, "required": ["image"], "additionalProperties": False}
    media_types = _readable()
    return {
        "multipart/form-data": {"schema": {**file, "additionalProperties": False}},
        "application/json": {"schema": order},
        **{media_type: {"schema": _PICTURE} for media_type in media_types},
    }


def _readable() -> list[str]:
    return list(dict.fromkeys(known.media_type for known in FORMATS.values() if known.reads))


def _wish() -> Schema:
    return _object(
        {
            "content_type": {"type": "string", "enum": _readable()},
            "bytes": {"type": "integer", "minimum": 1, "maximum": _LONGEST, "description": "The exact length"},
            "filename": {**_STRING, "description": "What the object's name is made of"},
        },
        "filename",
    )


def _upload() -> Schema:
    headers = {"type": "object", "additionalProperties": _STRING, "description": "Send exactly these with it"}
    url = {**_STRING, "description": "Where to send the bytes; one that begins with / is this server's own"}
    told = {"url": url, "method": {"const": "PUT"}, "headers": headers, "seconds": _COUNT}
    return _object({**told, "id": _ID, "source": _STRING})


def schemas() -> Schema:
    """The shapes of answers."""
    return {
        "ImageRow": _row(),
        "ImagePage": _page(),
        "Upload": _upload(),
        "Uploaded": _object({"id": _ID, "source": _STRING}),
    }


def _object(properties: Schema, *optional: str) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _row() -> Schema:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    return _object(
        {
            "id": _ID, "source": {**_STRING, "description": "Where it is stored"}, "name": _STRING,
            "version": _STRING, "width": _SIDE, "height": _SIDE, "format": _STRING, "bytes": _COUNT,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "phash": {"type": ["string", "null"], "description": "64 bits in hex: likeness is their distance"},
            "colors": {"type": "array", "items": _object({"color": _STRING, "share": share})},
            "taken": {"type": ["string", "null"], "description": "The camera's time; UTC where it names no zone"},
            "camera": {"type": ["string", "null"]},
            "labels": {"type": "array", "items": _STRING},
            "counts": {"type": "object", "additionalProperties": _COUNT},
            "outputs": {"type": "array", "items": _output()},
            "state": {"const": "ready"}, "added": _STRING, "changed": _STRING,
            "distance": {**_COUNT, "maximum": 64, "description": "Bits that differ, with `similar_to`"},
        },
        "distance",
    )  # fmt: skip


def _output() -> Schema:
    return _object(dict.fromkeys(("name", "url", "version", "digest"), _STRING))


def _page() -> Schema:
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/ImageRow"}}
    return _object({"images": rows, "next": {"type": ["string", "null"], "description": "The next page's cursor"}})
