"""Text and JSON to typed steps and back."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import DarkroomError
from core.limits import Limits
from core.pipeline import Pipeline
from tests.core.strategies import pipelines

PRESETS = {"soft": "blur:5/sepia", "nested": "preset:soft", "empty": ""}


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(pipelines())
def test_text_and_json_are_read_back(pipeline: Pipeline) -> None:
    assert Pipeline.parse(pipeline.canonical) == pipeline
    assert Pipeline.parse(pipeline.canonical).canonical == pipeline.canonical
    for full in (False, True):
        assert Pipeline.from_json(msgspec.json.decode(msgspec.json.encode(pipeline.to_json(full=full)))) == pipeline


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("blur:15", "blur"),
        ("blur:kernel=15", "blur"),
        ("blur:", "blur"),
        ("blur:,2", "blur:sigma=2"),
        ("blur:5.0,2.50", "blur:5,2.5"),
        ("blur:1e1", None),
        ("rotate:30,background=F80", "rotate:30,background=ff8800"),
        ("rotate:-0", "rotate:0"),
        ("rotate:%33%30", "rotate:30"),
        ("preset:soft/flip", "blur:5/sepia/flip"),
        ("preset:name=soft", "blur:5/sepia"),
        ("preset:empty", ""),
    ],
)
def test_canonical_text(text: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(DarkroomError):
            Pipeline.parse(text, presets=PRESETS)
        return
    assert Pipeline.parse(text, presets=PRESETS).canonical == canonical


@pytest.mark.parametrize(
    ("entry", "canonical"),
    [
        ([], ""),
        ([{"filter": "blur", "kernel": 15}], "blur"),
        ([{"filter": "blur", "kernel": "5", "sigma": 2}], "blur:5,2"),
        ("blur:5/flip", "blur:5/flip"),
        ([{"filter": "preset", "name": "soft"}], "blur:5/sepia"),
        ([{"filter": "rotate", "background": None}], "rotate"),
    ],
)
def test_json(entry: Any, canonical: str) -> None:
    assert Pipeline.from_json(entry, presets=PRESETS).canonical == canonical


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("blr", "unknown_filter"),
        ("blur:kernl=3", "unknown_parameter"),
        ("blur:14", "bad_parameter"),
        ("blur:nan", "bad_parameter"),
        ("blur:sigma=inf", "bad_parameter"),
        ("blur:1,2,true,3", "bad_pipeline"),
        ("blur:5,kernel=5", "bad_pipeline"),
        ("rotate:1,no", "bad_parameter"),
        ("blur:٣", "bad_parameter"),
        ("preset:sof", "unknown_preset"),
        ("preset:nested", "bad_pipeline"),
        ("preset", "bad_pipeline"),
        ("preset:a,b", "bad_pipeline"),
        ("preset:nome=soft", "bad_pipeline"),
        ("/".join(["flip"] * 33), "too_much_work"),
        (None, "bad_pipeline"),
        ({"filter": "blur"}, "bad_pipeline"),
        (["blur"], "bad_pipeline"),
        ([{"kernel": 3}], "bad_pipeline"),
        ([{"filter": 3}], "bad_pipeline"),
        ([{"filter": "blur", "kernel": True}], "bad_parameter"),
        ([{"filter": "blur", "kernel": 15.5}], "bad_parameter"),
        ([{"filter": "blur", "kernel": None}], "bad_parameter"),
        ([{"filter": "blur", "kernel": [15]}], "bad_parameter"),
        ([{"filter": "blur", "kernel": {"a": 1}}], "bad_parameter"),
        ([{"filter": "rotate", "expand": 1}], "bad_parameter"),
        ([{"filter": "preset"}], "bad_pipeline"),
        ([{"filter": "preset", "name": 7}], "bad_pipeline"),
        ([{"filter": "preset", "name": "x" * 5000}], "unknown_preset"),
    ],
    ids=str,
)
def test_refuses(entry: Any, code: str) -> None:
    with pytest.raises(DarkroomError) as refused:
        Pipeline.from_json(entry, presets=PRESETS, limits=Limits())
    assert (refused.value.status, refused.value.code) == (413 if code == "too_much_work" else 400, code)


def test_error_names_parameter_expected_got_and_the_nearest_name() -> None:
    with pytest.raises(DarkroomError) as wrong:
        Pipeline.parse("blur:kernel=14")
    assert wrong.value.fields == {
        "parameter": "blur.kernel",
        "expected": "an odd number from 1 to 99",
        "got": "14",
    }
    with pytest.raises(DarkroomError, match='Did you mean "sepia"'):
        Pipeline.parse("sepai")
    with pytest.raises(DarkroomError, match='Did you mean "sigma"'):
        Pipeline.parse("blur:sigmo=1")
