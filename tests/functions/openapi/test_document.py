"""The description of the API is valid, complete, and true."""

import base64
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from catalog import Query
from core.codecs import EncodeOptions
from core.registry import filters
from functions.http import Darkroom
from functions.responses import problems
from tests.functions.support import picture

SPLIT_BY_THE_DOOR = {
    "/v1/render/{path:address}": "/v1/render/{pipeline}/-/{scheme}/{bucket}/{key}",
    "/v1/images/{id}/{path:pipeline}": "/v1/images/{id}/{pipeline}",
}
"""Rules whose path the door splits itself, from the raw target."""
PAGES = {
    "/", "/add", "/delete", "/picture", "/once", "/darkroom", "/filters", "/models", "/live", "/docs", "/login",
    "/logout", "/ui/{path:filename}",
}  # fmt: skip


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    told: dict[str, Any] = client.get("/openapi.json").json()
    return told


def test_it_is_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_is_in_it(app: Darkroom, document: dict[str, Any]) -> None:
    served = {rule.rule.replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules()}
    served = {SPLIT_BY_THE_DOOR.get(rule, rule) for rule in served}
    assert served - PAGES == set(document["paths"])


def test_every_filter_is_a_step(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas["Step"]["discriminator"]["mapping"]) == {*filters(), "preset"}
    assert schemas["Step.blur"]["properties"]["kernel"]["maximum"] == 99


@pytest.mark.parametrize("path", ["/upload", "/v1/process"])
def test_every_option_is_a_parameter_and_a_field(document: dict[str, Any], path: str) -> None:
    operation = document["paths"][path]["post"]
    expected = {
        "pipeline",
        "format",
        "findings",
        "include",
        "source",
        "explain",
        "to",
        *EncodeOptions.__struct_fields__,
    }
    assert {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"} == expected
    assert [one["name"] for one in operation["parameters"] if one["in"] == "header"] == ["X-Request-Timeout"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert expected | {"file"} == set(form)


def test_every_refusal_is_named(document: dict[str, Any]) -> None:
    told = " ".join(response["description"] for response in document["components"]["responses"].values())
    missing = {kind.code for kind in problems.error_kinds() if kind.code not in told}
    assert missing <= {"not_found", "method_not_allowed", "client_gone"}, "the last one nobody hears"


def check(document: dict[str, Any], name: str, value: Any) -> None:
    registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))
    schema = {"$ref": f"urn:api#/components/schemas/{name}"}
    errors = [error.message for error in Draft202012Validator(schema, registry=registry).iter_errors(value)]
    assert errors == []


@pytest.mark.parametrize(
    ("path", "name"),
    [("/v1/filters", "Filters"), ("/v1/formats", "Formats"), ("/v1/version", "Version"), ("/health", "Status")],
)
def test_answers_are_as_described(document: dict[str, Any], client: httpx.Client, path: str, name: str) -> None:
    check(document, name, client.get(path).json())


@pytest.mark.parametrize("query", ["format=json", "format=json&include=image&pipeline=blur/histogram"])
def test_json_about_a_picture_is_as_described(document: dict[str, Any], client: httpx.Client, query: str) -> None:
    check(document, "Answer", client.post(f"/v1/process?{query}", content=picture()).json())


def test_parameters_of_filters_are_json_schema() -> None:
    for known in filters().values():
        Draft202012Validator.check_schema(known.schema())


def test_json_about_several_results_is_as_described(document: dict[str, Any], client: httpx.Client) -> None:
    image = base64.b64encode(picture()).decode()
    outputs = [{"name": "small", "pipeline": "resize:10"}, {"name": "seen", "pipeline": "sharpness"}]
    check(document, "Answers", client.post("/v1/process", json={"image": image, "outputs": outputs}).json())


def test_a_refusal_is_as_described(document: dict[str, Any], client: httpx.Client) -> None:
    check(document, "Problem", client.post("/v1/process?pipeline=blur:4", content=picture()).json())


def test_no_answer_and_no_parameter_is_without_a_description(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            answers = [answer for answer in operation["responses"].values() if "$ref" not in answer]
            assert answers
            assert all(len(answer["description"]) > 8 for answer in answers), operation["operationId"]
            assert all(parameter["description"] for parameter in operation.get("parameters", ()))


def test_each_route_has_its_own_parameters_only(document: dict[str, Any]) -> None:
    def query(method: str, path: str) -> set[str]:
        parameters = document["paths"][path][method].get("parameters", ())
        return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}

    assert query("get", "/v1/images") == set(Query.__struct_fields__)
    assert not query("post", "/v1/process") & {"min_width", "camera", "cursor", "limit", "sort"}
    assert not query("get", "/v1/models")


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
