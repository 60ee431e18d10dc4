"""The bill of materials: what the lock pins, valid by CycloneDX's own schema, and the same each time."""

import json
from typing import Any

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from functions import VERSION
from tools.locked import pinned
from tools.sbom import LOCK, bill


@pytest.fixture(scope="module")
def text() -> str:
    return JsonV1Dot6(bill()).output_as_string(indent=2)


@pytest.fixture(scope="module")
def document(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text)
    return told


def test_it_is_valid(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_a_wrong_one_would_be_seen(text: str) -> None:
    wrong = text.replace('"type": "library"', '"type": "libary"', 1)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(wrong) is not None


def test_it_lists_what_is_installed(document: dict[str, Any]) -> None:
    listed = {(one["name"], one["version"]) for one in document["components"]}
    assert listed == set(pinned(LOCK))
    assert len(listed) > 30
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in document["components"])
    assert document["metadata"]["component"]["version"] == VERSION


def test_everything_has_a_licence(document: dict[str, Any]) -> None:
    assert [one["name"] for one in document["components"] if not one.get("licenses")] == []


def test_it_knows_who_needs_whom(document: dict[str, Any]) -> None:
    needs = {one["ref"].partition("@")[0]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert any(ref.startswith("pkg:pypi/werkzeug@") for ref in needs["pkg:pypi/flask"])
    assert len(needs["darkroom"]) == len(document["components"])


def test_it_is_the_same_each_time(text: str) -> None:
    assert JsonV1Dot6(bill()).output_as_string(indent=2) == text
