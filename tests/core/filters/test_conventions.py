"""What every filter must hold, run over the registry: a new filter is tested here without an edit."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.filter import Filter
from core.pipeline import Pipeline
from core.registry import filters
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


RESTORED = {"keep", "weigh", "fill"}
"""What core/registry.py says of alpha that comes out as it went in."""
KEEPING = [known for known in filters().values() if known.makes == "pixels" and known.alpha in RESTORED]
OTHERS = [known for known in filters().values() if known not in KEEPING]


def test_each_treats_alpha_in_one_of_two_ways() -> None:
    assert len(KEEPING) >= 44
    assert len(OTHERS) >= 51


@pytest.mark.parametrize("known", KEEPING, ids=lambda known: known.name)
def test_color_filters_carry_alpha_untouched(known: Filter) -> None:
    pixels = made_picture(4)
    result = run(known.example, pixels, **assets(known)).pixels
    assert result.shape[2] == 4
    assert np.array_equal(result[:, :, 3], pixels[:, :, 3])


def on_white(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What is seen of a picture on a white page."""
    if pixels.shape[2] < 4:
        return np.broadcast_to(pixels, (*pixels.shape[:2], 3)).astype(np.float64)
    share = pixels[:, :, 3:] / 255.0
    return pixels[:, :, :3] * share + 255 * (1 - share)


@pytest.mark.parametrize("known", OTHERS, ids=lambda known: known.name)
def test_all_others_show_the_same_of_an_opaque_picture_as_of_one_without_alpha(known: Filter) -> None:
    plain = made_picture(3)
    opaque = np.dstack([plain, np.full(plain.shape[:2], 255, np.uint8)])
    without, with_alpha = (run(known.example, one, **assets(known)).pixels for one in (plain, opaque))
    assert np.abs(on_white(without) - on_white(with_alpha)).max() < 2  # soft edges are rounded once more


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5)], ids=lambda shape: "x".join(map(str, shape)))
@EVERY
def test_tiny_pictures(known: Filter, shape: tuple[int, int]) -> None:
    for channels in (1, 3, 4):
        tiny = np.full((*shape, channels), 200, np.uint8)
        result = run(known.name if bare(known) else known.example, tiny, **assets(known)).pixels
        assert result.dtype == np.uint8
        assert known.makes == "geometry" or result.shape[:2] == shape


def bare(known: Filter) -> bool:
    """Whether it runs by its defaults alone; `resize` needs a width or a height."""
    required = any(parameter.required for parameter in known.parameters)
    return not required and not known.findings and known.name != "resize"


@EVERY
def test_declaration(known: Filter) -> None:
    step = Pipeline.parse(known.example).steps[-1]
    assert step.filter.name == known.name
    assert known.summary.endswith(".")
    assert "http" in known.description or "Source" in known.description, "a docstring names its source"
    assert known.cost_of(step.arguments).seconds(1_000_000, 3, made=1_000_000) > 0
    assert known.memory_of(step.arguments) >= 1
