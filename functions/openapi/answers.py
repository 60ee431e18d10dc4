"""The shapes of our JSON answers, as JSON Schema."""

from typing import Any

Schema = dict[str, Any]


def _object(properties: Schema, *optional: str, closed: bool = True) -> Schema:
    required = [name for name in properties if name not in optional]
    shape: Schema = {"type": "object", "properties": properties, "required": required}
    return {**shape, "additionalProperties": False} if closed else shape


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


_STRING: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_SIDE: Schema = {"type": "integer", "minimum": 1}
_BOOL: Schema = {"type": "boolean"}
_ANY_OBJECT: Schema = {"type": "object"}
_FOUND = "What measures and vision saw; with `findings` in outputs, that form (a class map as base64)"
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def schemas() -> Schema:
    """Every answer's schema by its name."""
    return {
        "Problem": _problem(),
        "Answer": _answer(),
        "Answers": _object(
            {"outputs": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Answer"}}}
        ),
        "Coco": _coco(),
        "Filters": _object({"filters": _list(_filter())}),
        "Formats": _object({"formats": _list(_format())}),
        "Version": _object(dict.fromkeys(("name", "version", "python", "opencv", "revision"), _STRING), "revision"),
        "Status": _object({"status": _STRING}),
        "Description": _object({"openapi": _STRING, "info": _ANY_OBJECT, "paths": _ANY_OBJECT}, closed=False),
    }


def _problem() -> Schema:
    """RFC 9457; `parameter`, `expected`, `got` and `output` where they apply."""
    always = {"type": _STRING, "title": _STRING, "status": _COUNT, "detail": _STRING, "code": _STRING}
    return _object(always, closed=False)


def _answer() -> Schema:
    def file(size: Schema, **more: Schema) -> Schema:
        shape = {"format": _STRING, "width": _SIDE, "height": _SIDE, "bytes": size, "frames": _SIDE}
        return _object({**more, **shape}, *more)

    return _object(
        {
            "source": file(_COUNT, url=_STRING, version=_STRING),
            "output": file({"type": ["integer", "null"], "description": "null where no picture was made"}),
            "findings": {"type": ["object", "string"], "description": _FOUND},
            "pipeline": {**_STRING, "description": "In canonical form"},
            "digest": _SHA256,
            "url": {**_STRING, "description": "With `to`: where the result is"},
            "version": {**_STRING, "description": "With `to`: the version that was written, or found there"},
            "size": {**_COUNT, "description": "With `to`: bytes"},
            "content_type": {**_STRING, "description": "With `to`: how it was stored"},
            "image": {**_STRING, "contentEncoding": "base64", "description": "With include=image"},
        },
        "url",
        "version",
        "size",
        "content_type",
        "image",
    )


def _coco() -> Schema:
    """A COCO document, with findings=coco."""
    image = _object({"id": _SIDE, "width": _SIDE, "height": _SIDE, "file_name": _STRING})
    category = _object({"id": _SIDE, "name": _STRING}, closed=False)
    boxed = {"id": _SIDE, "image_id": _SIDE, "category_id": _SIDE, "bbox": _list({"type": "number"})}
    return _object(
        {
            "info": _ANY_OBJECT,
            "licenses": _list(_ANY_OBJECT),
            "images": _list(image),
            "annotations": _list(_object(boxed, closed=False)),
            "categories": _list(category),
        }
    )


def _filter() -> Schema:
    return _object(
        {
            "name": _STRING,
            "kind": {"enum": ["filter", "measure", "vision"]},
            "needs": _list({"enum": ["pictures", "findings", "model"]}),
            "summary": _STRING,
            "description": _STRING,
            "family": _STRING,
            "parameters": {**_ANY_OBJECT, "description": "JSON Schema of the parameters"},
            "example": _STRING,
        },
        "description",
    )


def _format() -> Schema:
    return _object(
        {
            "name": _STRING,
            "media_type": _STRING,
            "extensions": _list(_STRING),
            "reads": _BOOL,
            "writes": _BOOL,
            "animates": _BOOL,
            "alpha": _BOOL,
            "options": {**_ANY_OBJECT, "description": "JSON Schema of each option that it uses"},
        }
    )
