"""Every parameter of every filter refuses what lies outside its schema, with the same error: derived, not listed."""

from typing import Any, Literal, get_origin

import msgspec
import pytest

from core.errors import BadParameterError, UnknownParameterError
from core.filter import Filter
from core.language.parameters import Parameter
from core.language.values import VALUE_TYPES
from core.pipeline import Pipeline
from core.registry import filters

_HUGE = 10**400


def wrong_values(parameter: Parameter) -> list[Any]:
    """JSON values that the parameter's own schema excludes."""
    wrong: list[Any] = [{"a": 1}, True if parameter.kind is not bool else 2, "\x00", "\ud800"]
    if parameter.kind in {int, float}:
        assert parameter.minimum is not None
        assert parameter.maximum is not None
        wrong += ["", "x", "nan", "inf", "-Infinity", "1e999", "0x10", "1_0", "١", _HUGE, float("nan"), float("inf")]
        wrong += [parameter.minimum - 1, parameter.maximum + 1, parameter.maximum * 2 + 1]
    if parameter.kind is int:
        wrong += [parameter.minimum + 0.5 if parameter.minimum is not None else 0.5]
    if "not" in parameter.extra:
        wrong += [2]
    if parameter.kind is bool:
        wrong += ["no", "yes", "TRUE ", "", 0, 1]
    if parameter.kind is str:
        wrong += ["x" * 2001, 7]
    if get_origin(parameter.kind) is Literal or parameter.kind in VALUE_TYPES:
        wrong += ["§", "../../etc/passwd", "x" * 500, 7, 1.5]
    if not parameter.optional:
        wrong.append(None)
    return [[value] for value in wrong] if parameter.many else wrong


def example(known: Filter) -> dict[str, Any]:
    """The filter's own example as JSON: it has every parameter that is required."""
    return Pipeline.parse(known.example).to_json()[-1]


EVERY = [
    pytest.param(known, parameter, id=f"{known.name}.{parameter.name}")
    for known in filters().values()
    for parameter in known.parameters
]


@pytest.mark.parametrize(("known", "parameter"), EVERY)
def test_parameter_refuses(known: Filter, parameter: Parameter) -> None:
    for value in wrong_values(parameter):
        with pytest.raises(BadParameterError) as refused:
            Pipeline.from_json([{**example(known), parameter.name: value}])
        assert refused.value.fields["parameter"] == f"{known.name}.{parameter.name}", repr(value)
        assert refused.value.fields["expected"] == parameter.expected
        assert len(refused.value.detail) < 400
        msgspec.json.encode(refused.value.fields)


@pytest.mark.parametrize("known", filters().values(), ids=lambda known: known.name)
def test_unknown_parameter(known: Filter) -> None:
    with pytest.raises(UnknownParameterError):
        Pipeline.parse(f"{known.name}:not_a_parameter=1")
