"""Request and response bodies, options and media types of the routes about pictures, as JSON Schema."""

from core.codecs import FORMATS
from core.explain import Explanation
from functions.routing import JSON_TYPE, Content, Reply, Schema
from service.export import Coco
from service.options import options
from service.results import Answer, Answers, Explanations

PICTURE: Schema = {"type": "string", "format": "binary", "description": "A picture in any supported format"}
BASE64: Schema = {"type": "string", "format": "picture", "contentEncoding": "base64"}
IMAGE: Schema = {**BASE64, "description": "The picture, as base64 or a base64 data URL"}
PIPELINE: Schema = {
    "type": "string",
    "format": "pipeline",
    "description": "Steps joined by /: `name:value,key=value/…`; empty only re-encodes",
    "examples": ["resize:800/blur:15/sepia"],
}
_ADDRESSES = {"source": "source-address", "to": "target-address"}
READABLE = tuple(dict.fromkeys(known.media_type for known in FORMATS.values() if known.reads))
_WRITTEN = tuple(dict.fromkeys(known.media_type for known in FORMATS.values() if known.writes))
PICTURES: Content = dict.fromkeys(READABLE, PICTURE)


def option_schemas() -> dict[str, Schema]:
    """Options as members of JSON, in which null means absent."""
    return {name: _with_format(name, parameter.schema()) for name, parameter in options().items()}


def _with_format(name: str, schema: Schema) -> Schema:
    """Not every tool takes an address as a URI: its key is written as it is, not percent-encoded."""
    if name not in _ADDRESSES:
        return schema
    return {**schema, "anyOf": [{**schema["anyOf"][0], "format": _ADDRESSES[name]}, *schema["anyOf"][1:]]}


def present(schema: Schema) -> Schema:
    """An option in a query or a form, where it may be absent but never null."""
    shapes = schema.get("anyOf", ())
    if len(shapes) != 2 or shapes[1] != {"type": "null"}:
        return schema
    return {**shapes[0], **{name: value for name, value in schema.items() if name == "description"}}


PROCESS_OPTIONS = {"pipeline": PIPELINE, **{name: present(schema) for name, schema in option_schemas().items()}}
_NOT_OF_RENDERS = {"pipeline", "source", "to", "explain"}
RENDER_OPTIONS = {name: schema for name, schema in PROCESS_OPTIONS.items() if name not in _NOT_OF_RENDERS}
PROCESS_BODY: Content = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": PICTURE, **PROCESS_OPTIONS},
        "oneOf": [{"required": ["file"]}, {"required": ["source"]}],
        "description": "Further files are second pictures, by the names that steps give them",
    },
    JSON_TYPE: {"$ref": "#/components/schemas/Order"},
    **PICTURES,
}
_RESULT_HEADERS = ("Server-Timing", "ETag")
SEE_OTHER = Reply(
    status=303, headers=("Location",),
    description="The answer is larger than the platform passes on; `Location` is a signed URL of it",
)  # fmt: skip
PROCESS_REPLIES = (
    Reply(
        content={
            **dict.fromkeys(_WRITTEN, PICTURE),
            JSON_TYPE: (Answer, Answers, Coco, Explanation, Explanations),
            "text/plain": {"type": "string", "description": "With findings=yolo"},
            "multipart/mixed": {"type": "string", "format": "binary"},
            "application/zip": {"type": "string", "format": "binary", "description": "Several results as files"},
        },
        description="The picture, JSON about it, or several results",
        headers=("Server-Timing",),
        optional_headers=("ETag", "X-Ignored-Options"),  # what would be made has no ETag
    ),
    Reply(
        status=201,
        content={JSON_TYPE: (Answer, Answers)},
        description="At least one result is stored, maybe from before: JSON about all of them",
        headers=_RESULT_HEADERS,
        optional_headers=("Location",),
    ),
    SEE_OTHER,
)


def range_replies(*formats: Content) -> tuple[Reply, ...]:
    """The whole body, a range of it, or nothing if the caller has it."""
    content = {name: kind for some in formats for name, kind in some.items()}
    return (
        Reply(content=content, description="The bytes", headers=("ETag",)),
        Reply(status=206, content=content, description="One range of the bytes", headers=("ETag", "Content-Range")),
        SEE_OTHER,
        Reply(status=304, description="The caller has it already", headers=("ETag",)),
    )


RENDER_REPLIES = range_replies(PICTURES, {JSON_TYPE: (Answer, Coco), "text/plain": {"type": "string"}})
