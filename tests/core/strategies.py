"""Hypothesis strategies derived from the registry: a new filter is generated without an edit."""

from typing import Any, Literal, get_args, get_origin

from hypothesis import strategies as st

from core.errors import RedactTooLateError
from core.filter import Filter
from core.language.parameters import Parameter
from core.language.values import Aspect, Color, FileName, Length, ModelName, PictureName, Point, Tiles
from core.pipeline import Pipeline, Step, bind
from core.registry import filters, find_filter

_lengths = st.builds(Length, st.floats(0, 4000).map(lambda x: round(x, 3) + 0.0), st.booleans())
_names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,20}", fullmatch=True)
_texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=60)
_sides = st.integers(1, 99).map(float)
_kinds: dict[Any, st.SearchStrategy[Any]] = {
    Color: st.builds(Color, *[st.integers(0, 255)] * 4),
    Length: _lengths,
    Point: st.builds(Point, _lengths, _lengths),
    Aspect: st.builds(Aspect, _sides, _sides),
    Tiles: st.sampled_from(["1", "2", "auto", "3x2", "1x4"]).map(Tiles.parse),
    PictureName: _names.map(PictureName),
    FileName: _names.map(FileName),
    ModelName: _names.map(ModelName),
    bool: st.booleans(),
    str: _texts,
}


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Legal typed values of a parameter."""
    one = _one(parameter)
    if parameter.many:
        one = st.lists(one.filter(lambda item: str(item) != ""), max_size=6).map(tuple)
    return st.one_of(st.none(), one) if parameter.optional and parameter.default is None else one


def _one(parameter: Parameter) -> st.SearchStrategy[Any]:
    if get_origin(parameter.kind) is Literal:
        return st.sampled_from(get_args(parameter.kind))
    if parameter.kind is int:
        assert parameter.minimum is not None
        assert parameter.maximum is not None
        whole = st.integers(int(parameter.minimum), int(parameter.maximum))
        return whole.filter(lambda n: n % 2 == 1) if "not" in parameter.extra else whole
    if parameter.kind is float:
        return st.floats(parameter.minimum, parameter.maximum, allow_nan=False).map(lambda x: x + 0.0)
    return _kinds[parameter.kind]


def steps(known: Filter) -> st.SearchStrategy[Step]:
    """Steps of one filter with legal arguments."""
    arguments = st.fixed_dictionaries({parameter.name: values(parameter) for parameter in known.parameters})
    return st.builds(Step, st.just(known), arguments)


def any_step() -> st.SearchStrategy[Step]:
    """Steps of any registered filter."""
    return st.sampled_from(list(filters().values())).flatmap(steps)


def pipelines(max_steps: int = 4) -> st.SearchStrategy[Pipeline]:
    """Pipelines of any registered filters with legal arguments; what reads findings comes after what makes them."""
    steps = st.lists(any_step(), max_size=max_steps).map(lambda made: Pipeline(tuple(fed(made))))
    return steps.filter(_is_in_time)


def _is_in_time(pipeline: Pipeline) -> bool:
    """Whether nothing tells of what a later step hides; such pipelines are refused."""
    try:
        Pipeline.parse(pipeline.canonical)
    except RedactTooLateError:
        return False
    return True


def fed(made: list[Step]) -> list[Step]:
    """The steps, with `detect` before those that would read findings of nobody."""
    whole: list[Step] = []
    for step in made:
        reads = step.filter.reads(step.arguments)
        if reads and not any(before.filter.feeds(reads) for before in whole):
            whole.append(bind(find_filter("detect"), {}))
        whole.append(step)
    return whole
