"""What every filter must hold, run over the registry: a new filter is tested here without an edit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.pipeline import Pipeline
from core.registry import Filter, filters
from tests.conftest import ROOT, made_picture
from tests.core.filters.support import run

ASSETS = {path.stem if path.suffix == ".png" else path.name: path for path in (ROOT / "service/assets").glob("*.*")}
EVERY = pytest.mark.parametrize("known", filters().values(), ids=lambda known: known.name)


def assets(known: Filter) -> dict[str, bytes]:
    """The shipped pictures that the example names."""
    return {name: Path(ASSETS[name]).read_bytes() for name in Pipeline.parse(known.example).others()}


@EVERY
def test_example_runs_and_keeps_the_rules(known: Filter, pixels: NDArray[np.uint8]) -> None:
    before = pixels.copy()
    result = run(known.example, pixels, **assets(known)).pixels
    assert np.array_equal(pixels, before), "the input was written into"
    assert result.dtype == np.uint8
    assert result.ndim == 3
    assert result.shape[2] in {1, 3, 4}
    if known.makes != "geometry":
        assert result.shape[:2] == pixels.shape[:2]
    again = run(known.example, pixels, **assets(known)).pixels
    assert np.array_equal(result, again), "not deterministic"


@EVERY
def test_color_filters_carry_alpha_untouched(known: Filter) -> None:
    if known.makes != "pixels" or known.alpha != "keep":
        return
    pixels = made_picture(4)
    result = run(known.example, pixels, **assets(known)).pixels
    assert result.shape[2] == 4
    assert np.array_equal(result[:, :, 3], pixels[:, :, 3])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5)], ids=lambda shape: "x".join(map(str, shape)))
@EVERY
def test_tiny_pictures(known: Filter, shape: tuple[int, int]) -> None:
    for channels in (1, 3, 4):
        tiny = np.full((*shape, channels), 200, np.uint8)
        try:
            run(known.example if required(known) or known.findings else known.name, tiny, **assets(known))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must have been foreseen
            assert getattr(error, "status", 500) in {400, 413, 422}, repr(error)


def required(known: Filter) -> list[Any]:
    """Parameters that have no default."""
    return [parameter for parameter in known.parameters if parameter.required]


@EVERY
def test_declaration(known: Filter) -> None:
    step = Pipeline.parse(known.example).steps[-1]
    assert step.filter.name == known.name
    assert known.summary.endswith(".")
    assert "http" in known.description or "Source" in known.description, "a docstring names its source"
    assert known.cost_of(step.arguments) > 0
    assert known.memory_of(step.arguments) >= 1
