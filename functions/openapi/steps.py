"""Requests in JSON: steps from the registry of filters, pipelines and outputs."""

from core.filter import Filter
from core.pipeline import PRESET
from core.registry import filters
from functions.openapi.contents import BASE64, IMAGE, PIPELINE, option_schemas, present
from functions.routing import Schema
from service.service import Service


def step_schemas(service: Service) -> dict[str, Schema]:
    """Every filter as a step, and the JSON that `/v1/process` takes, each by its name."""
    steps = {known.name: _step(known) for known in filters().values()}
    steps[PRESET] = _preset(list(service.parser.presets))
    return {
        **{f"Step.{name}": schema for name, schema in steps.items()},
        "Pipeline": {"anyOf": [PIPELINE, {"type": "array", "items": _ref("Step")}]},
        "Step": _one_of({name: f"#/components/schemas/Step.{name}" for name in steps}),
        "Order": _order(service.parser.limits.outputs),
        "Want": _want(),
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(properties: Schema, *required: str, **more: str) -> Schema:
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False, **more}


def _one_of(steps: dict[str, str]) -> Schema:
    """The step named by its member `filter`."""
    of = [{"$ref": reference} for reference in steps.values()]
    return {"oneOf": of, "discriminator": {"propertyName": "filter", "mapping": steps}}


def _step(known: Filter) -> Schema:
    shape = known.schema()
    properties = {"filter": {"const": known.name}, **shape["properties"]}
    return _closed(properties, "filter", *shape.get("required", []), description=known.summary)


def _preset(names: list[str]) -> Schema:
    return _closed({"filter": {"const": PRESET}, "name": {"type": "string", "enum": names}}, "filter", "name")


def _json_options() -> Schema:
    """Options as JSON members; a list may be written as text there too."""
    return {
        name: {**schema, "type": ["array", "string"], "pattern": _list_of(schema)} if "items" in schema else schema
        for name, schema in option_schemas().items()
    }


def _list_of(schema: Schema) -> str:
    words = "|".join(schema["items"]["enum"])
    return f"^({words})([ +]({words})){{0,63}}$"


def _order(most: int) -> Schema:
    """A picture or its source, with the options of one output, or with up to `most` outputs."""
    one = {"pipeline": _ref("Pipeline"), **_json_options()}
    pictures = {"type": "object", "additionalProperties": BASE64, "description": "Second pictures by name"}
    picture = {"image": IMAGE, "source": present(one.pop("source"))}
    outputs = {"type": "array", "items": _ref("Want"), "minItems": 1, "maxItems": most}
    several = {"outputs": outputs, "include": one["include"], "explain": one["explain"]}
    return {
        "anyOf": [
            _closed({name: schema, "pictures": pictures, **rest}, name, *required)
            for name, schema in picture.items()
            for rest, required in ((one, ()), (several, ("outputs",)))
        ]
    }


def _want() -> Schema:
    own = {name: schema for name, schema in _json_options().items() if name not in {"include", "source", "explain"}}
    name = {"type": "string", "pattern": "^[a-z0-9_-]{1,32}$", "description": "What the result is called"}
    return _closed({"name": name, "pipeline": _ref("Pipeline"), **own}, "name")
