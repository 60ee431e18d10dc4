"""schemathesis over /openapi.json: with strategies for pipelines and pictures and all checks; then with raw strings.

SCHEMATHESIS_CASES says how many cases a route gets; `make prove-schemathesis` asks for 1,000.
"""

import base64
import os
from typing import Any

import pytest
import schemathesis
from flask import Response, jsonify
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from core.codecs import FORMATS
from core.registry import filters
from functions import openapi
from functions.http import Darkroom
from functions.options import options
from tests.functions.support import app_with, picture

CASES = int(os.environ.get("SCHEMATHESIS_CASES", "15"))
PACE = settings(
    max_examples=CASES,
    deadline=None,
    derandomize="SCHEMATHESIS_CASES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
PICTURES = [picture(kind, channels, 32, 24) for kind in ("png", "jpg", "webp", "bmp") for channels in (1, 3)]
EXAMPLES = [known.example for known in filters().values() if "findings" not in known.needs]

pictures = st.sampled_from(PICTURES)
pipelines = st.lists(st.sampled_from(EXAMPLES), max_size=2).map("/".join)
schemathesis.openapi.format("binary", pictures)
schemathesis.openapi.format("picture", pictures.map(lambda data: base64.b64encode(data).decode()))
schemathesis.openapi.format("pipeline", pipelines)
for known in FORMATS.values():
    schemathesis.openapi.media_type(known.media_type, pictures)


def serving() -> Darkroom:
    """An application with a second description, in which pipelines and pictures are any strings and bytes."""
    app = app_with(auth="none", log_level="error")

    def raw() -> Response:
        response: Response = jsonify(_without_formats(openapi.document(app)))
        return response

    app.serve("/raw.json", raw, "read")
    return app


def _without_formats(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_formats(item) for item in value]
    if not isinstance(value, dict):
        return value
    strategies = {key for key in ("format", "contentEncoding") if isinstance(value.get(key), str)}
    kept = {key: _without_formats(item) for key, item in value.items() if key not in strategies}
    return {"application/octet-stream" if key.startswith("image/") else key: item for key, item in kept.items()}


def loaded(path: str) -> Any:
    """A description. A valid request may still be impossible: no quality fits into one byte (422).

    The phase that tries every boundary of every parameter takes a minute, so the short form leaves it out.
    """
    config = {
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "422"]}},
        "phases": {"coverage": {"enabled": "SCHEMATHESIS_CASES" in os.environ}},
    }
    return schemathesis.openapi.from_wsgi(path, APP, config=SchemathesisConfig.from_dict(config))


APP = serving()
described, raw = loaded("/openapi.json"), loaded("/raw.json")
load_all_checks()
ACCEPTANCE = CHECKS.get_one("positive_data_acceptance")
TYPES = CHECKS.get_one("content_type_conformance")


def agree(case: schemathesis.Case) -> None:
    """Let query and body not contradict each other: no schema can say that the same option needs the same value."""
    if case.meta and case.meta.generation.mode.is_positive and isinstance(case.body, dict) and case.query:
        taken = options() if "outputs" in case.body else case.body
        case.query = {name: value for name, value in case.query.items() if name not in {*taken, "pipeline"}}


@pytest.mark.fuzz
@described.parametrize()
@PACE
def test_as_described(case: schemathesis.Case) -> None:
    agree(case)
    case.call_and_validate()


@pytest.mark.fuzz
@raw.parametrize()
@PACE
def test_raw(case: schemathesis.Case) -> None:
    case.call_and_validate(excluded_checks=[ACCEPTANCE, TYPES])
