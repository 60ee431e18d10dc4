"""schemathesis over /openapi.json: with strategies for pipelines and pictures and all checks; then with raw strings.

SCHEMATHESIS_CASES says how many cases a route gets; `make prove-schemathesis` asks for 1,000.
"""

import atexit
import base64
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Response, jsonify
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet

from core.codecs import FORMATS, EncodeOptions
from core.registry import filters
from functions.http import Darkroom
from functions.openapi.document import openapi_document
from functions.routing import Route
from service.options import options
from tests.functions.support import app_with, picture
from tests.waiting import PATIENCE

CASES = int(os.environ.get("SCHEMATHESIS_CASES", "15"))
PACE = settings(
    max_examples=CASES,
    deadline=None,
    derandomize="SCHEMATHESIS_CASES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
PICTURES = [picture(kind, channels, 32, 24) for kind in ("png", "jpg", "webp", "bmp") for channels in (1, 3)]
EXAMPLES = [known.example for known in filters().values() if not {"findings", "model"} & {*known.needs}]

pictures = st.sampled_from(PICTURES)
pipelines = st.lists(st.sampled_from(EXAMPLES), max_size=2).map("/".join)
schemathesis.openapi.format("binary", pictures)
schemathesis.openapi.format("picture", pictures.map(lambda data: base64.b64encode(data).decode()))
schemathesis.openapi.format("pipeline", pipelines)
schemathesis.openapi.format("source-address", st.just("file://in/a.png"))
schemathesis.openapi.format("target-address", st.sampled_from(["file://out/a.webp", "file://out/b/c.json"]))
for known in FORMATS.values():
    schemathesis.openapi.media_type(known.media_type, pictures)
for name in ("video/x-motion-jpeg", "multipart/mixed", "multipart/x-mixed-replace"):
    schemathesis.openapi.media_type(name, pictures)  # the last two without a boundary, which the tool cannot send: 400


def serving() -> Darkroom:
    """An application with a second description, in which pipelines and pictures are any strings and bytes."""
    folder = Path(tempfile.mkdtemp(prefix="darkroom-schemathesis-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for bucket in ("own", "in", "out"):
        (folder / bucket).mkdir()
    (folder / "in/a.png").write_bytes(PICTURES[0])
    rules = folder / "rules.toml"
    rules.write_text('[[rule]]\nwhen = "file://in/*.jpg"\nto = "file://out/{stem}.webp"\npipeline = "blur"\n')
    kept = {
        "rules": str(rules),
        "files": str(folder),
        "results": "file://own",
        "data": str(folder / "data"),
        "signing_key": "x" * 32,
    }
    app = app_with(auth="none", log_level="error", sources="file://in/", targets="file://out/", **kept)

    inner = app.wsgi_app
    # writing is for this machine, and the client of the tests has no address
    app.wsgi_app = lambda environ, start: inner({"REMOTE_ADDR": "127.0.0.1", **environ}, start)  # type: ignore[method-assign]

    def raw() -> Response:
        response: Response = jsonify(_without_formats(openapi_document(app)))
        return response

    app.serve([Route("/raw.json", raw, "read")])
    return app


_TEXTS = {"application/json", "multipart/form-data"}


def _without_formats(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_formats(item) for item in value]
    if not isinstance(value, dict):
        return value
    strategies = {key for key in ("format", "contentEncoding") if isinstance(value.get(key), str)}
    kept = {key: _without_formats(item) for key, item in value.items() if key not in strategies}
    if "requestBody" in kept:  # strategies for pictures hang on their media types
        bodies = kept["requestBody"]["content"]
        pictures_as_bytes = {key if key in _TEXTS else "application/octet-stream": item for key, item in bodies.items()}
        kept["requestBody"] = {**kept["requestBody"], "content": pictures_as_bytes}
    return kept


def loaded(path: str) -> Any:
    """A description. A valid request may still be impossible: no quality fits into one byte (422).

    The phase that tries every boundary of every parameter takes a minute, so the short form leaves it out.
    """
    config = {
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "422"]}},
        "analysis": {"constants": {"enabled": path == "/raw.json"}},  # words of our source are no pipelines
        "phases": {"coverage": {"enabled": "SCHEMATHESIS_CASES" in os.environ}},
    }
    return schemathesis.openapi.from_wsgi(path, APP, config=SchemathesisConfig.from_dict(config))


APP = serving()
described, raw = loaded("/openapi.json"), loaded("/raw.json")
load_all_checks()
ACCEPTANCE = CHECKS.get_one("positive_data_acceptance")
NO_SERVER_ERROR = CHECKS.get_one("not_a_server_error")


BEYOND_SCHEMAS = {
    "bad_parameter",  # two values that do not go together
    "bad_size",
    "cannot_fit",
    "model_absent",
    "needs_findings",
    "nothing_found",
    "redact_too_late",
    "too_many_pixels",
    "too_much_work",
    "unknown_class",
    "unknown_model",
    "unknown_picture",
}
"""Why steps may be refused whose every value is right by itself."""
NOT_HERE = {"model_absent", "not_ready"}
"""Codes of the 503 that the contract has for a model whose weights are not here, or that is not loaded."""
BEYOND_TENSORS = {"bad_body", "bad_parameter", "bad_tensor", "not_an_image", *NOT_HERE}
"""Why an inference request may be refused that is right by its schema: a size, binary parts, names of outputs."""

BEYOND_KEPT = BEYOND_SCHEMAS | {
    "bad_address", "bad_cursor", "bad_upload", "ignored_option", "bad_token", "no_object", "no_such_image",
    "not_allowed", "pipeline_syntax", "unknown_filter",
}  # fmt: skip
"""Why a request for something that is kept may be refused: there is none of that name."""


BEYOND_STREAMS = {"bad_frame", "bad_parameter", "empty_body", "ignored_option", "upgrade_required"}
"""Why a stream may be refused: no tool shakes hands, its pictures are not all JPEGs, and `json` is no picture."""


def is_negative(case: schemathesis.Case) -> bool:
    return bool(case.meta and case.meta.generation.mode.is_negative)


def has_free_steps(body: Any) -> bool:
    """Whether a JSON body holds steps drawn from their schemas, rather than a pipeline that is known to run."""
    if not isinstance(body, dict):
        return False
    outputs = body.get("outputs")
    wants = [body, *(outputs if isinstance(outputs, list) else [])]
    return any(
        isinstance(want, dict) and bool(want.get("pipeline")) and not isinstance(want["pipeline"], str)
        for want in wants
    )


def asks_a_form_of_findings(case: schemathesis.Case) -> bool:
    """Whether some result should come as COCO, YOLO or a label map: only a pipeline that looks for such has one."""
    body = case.body if isinstance(case.body, dict) else {}
    outputs = body.get("outputs")
    places = [case.query or {}, body, *(outputs if isinstance(outputs, list) else [])]
    return any(isinstance(place, dict) and place.get("findings") is not None for place in places)


def beyond_schemas(case: schemathesis.Case) -> set[str]:
    """Codes of the refusals that a case may get that is right by its schema; none where nothing excuses one."""
    if case.path.endswith("/infer"):
        return BEYOND_TENSORS
    if case.path == "/v1/stream":
        return BEYOND_STREAMS
    if case.path == "/events":
        return {"bad_event"}
    if case.path.startswith("/v1/filters/"):
        return {"no_such_filter"}
    if case.path.startswith(("/v1/images", "/v1/uploads", "/v1/render")):
        return BEYOND_KEPT
    return BEYOND_SCHEMAS if has_free_steps(case.body) or asks_a_form_of_findings(case) else set()


def agree(case: schemathesis.Case) -> None:
    """Make true what no schema can say: an option given twice has the same value, outputs have names of their own."""
    if case.media_type == "multipart/form-data" and isinstance(case.body, dict):  # no field says «an empty list»
        assume(not any(value in ([], {}) for value in case.body.values()))
        assume(isinstance(case.body.get("name", ""), str))  # whatever else it is becomes a text, and is a name then
    if case.query and (not is_negative(case) or isinstance(case.body, NotSet)):
        # each body brings a picture, or names a source itself; a wrong request that lacks one would be right by it
        case.query = {name: value for name, value in case.query.items() if name != "source"}
    if is_negative(case):
        return
    if not isinstance(case.body, dict):
        return
    if "file" in case.body:
        case.body.pop("source", None)
    if case.media_type == "multipart/form-data":  # second pictures would be sent as fields without a file name
        assume(set(case.body) <= {*options(), "file", "pipeline"})
    for number, want in enumerate(case.body.get("outputs", [])):
        want["name"] = f"{want['name'][:30]}{number}"
        if want.get("to"):
            want["to"] = f"file://out/{number}"
    if case.query:
        taken = options() if "outputs" in case.body else case.body
        case.query = {name: value for name, value in case.query.items() if name not in {*taken, "pipeline"}}


def drop_ignored(case: schemathesis.Case) -> None:
    """Leave out options that the format lacks which is named beside them, in the same place or another."""
    body = case.body if isinstance(case.body, dict) else {}
    together = [place for place in (case.query, body) if place]
    for places in [together, *([want] for want in body.get("outputs", []) if isinstance(want, dict))]:
        named = [FORMATS[place["format"]] for place in places if place.get("format") in FORMATS]
        lacked = set(EncodeOptions.__struct_fields__) - {"max_bytes"}
        for place in places:
            for name in lacked.difference(*(known.options for known in named)) & set(place) if named else ():
                del place[name]


def be_patient(case: schemathesis.Case) -> None:
    """Leave time for the work: by its schema a deadline may be any number of seconds, and be over at once (504)."""
    headers = case.headers = case.headers if case.headers is not None else {}
    headers["Accept-Encoding"] = "identity"  # the tool's transport inflates nothing
    for name in [name for name in headers if name.lower() == "x-request-timeout"]:
        try:
            is_short = 0 < float(headers[name]) < PATIENCE
        except ValueError:
            continue
        if is_short:
            headers[name] = str(PATIENCE)


def validated(case: schemathesis.Case, *, acceptance: bool) -> schemathesis.Response:
    """The response, checked; that weights are not here is an answer like others."""
    be_patient(case)
    response = case.call()
    absent = response.status_code == 503 and response.json()["code"] in NOT_HERE
    excluded = [ACCEPTANCE, NO_SERVER_ERROR] if absent else [] if acceptance else [ACCEPTANCE]
    case.validate_response(response, excluded_checks=excluded)
    return response


@pytest.mark.fuzz
@described.parametrize()
@PACE
def test_as_described(case: schemathesis.Case) -> None:
    agree(case)
    if not is_negative(case):
        drop_ignored(case)
    beyond = beyond_schemas(case)
    response = validated(case, acceptance=not beyond)
    assert is_negative(case) or not beyond or response.status_code < 300 or response.json()["code"] in beyond


@pytest.mark.fuzz
@raw.parametrize()
@PACE
def test_raw(case: schemathesis.Case) -> None:
    validated(case, acceptance=False)
