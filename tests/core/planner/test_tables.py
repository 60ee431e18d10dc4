"""Steps that become one table."""

import numpy as np
import pytest

from core.errors import BadParameterError
from core.picture import Origin, Picture, Pixels, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.registry import filters
from core.run import Run
from tests.conftest import made_picture
from tests.core.filters.support import apply
from tests.core.planner.support import LIMITS, context, jpeg, made, photo, planned

WIDE = Origin(format="png", size=Size(1200, 900), nbytes=3_000)
BY_VALUE = ["curves:0:9+255:240,channel=red", *(step.example for step in filters().values() if step.by_value)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("invert/gamma:2", "invert+gamma"), ("invert/sepia/gamma:2", "invert/sepia/gamma"), ("invert", "invert"),
        ("tint/invert/blur:3/gamma:2/levels", "tint+invert/blur/gamma+levels"),
    ],
)  # fmt: skip
def test_which_become_one(text: str, steps: str) -> None:
    assert "/".join(step.filter.name for step in planned(text, WIDE, ("table",)).pipeline.steps) == steps


def after(pipeline: Pipeline, pixels: Pixels) -> Pixels:
    """The pixels after steps as they are run."""
    return next(Run(pipeline, context()).frames([Picture(pixels=pixels, origin=WIDE)])).pixels


@pytest.mark.parametrize("first", BY_VALUE)
def test_not_a_level_differs(first: str, pixels: Pixels) -> None:
    for second in BY_VALUE:
        text = f"{first}/{second}/{first}"
        steps = planned(text, WIDE, ("table",)).pipeline
        assert len(steps.steps) == 1
        joined, plain = after(steps, pixels), apply(text, pixels)
        assert joined.shape == plain.shape, text
        assert (joined == plain).all(), text


@pytest.mark.parametrize("step", BY_VALUE)
def test_what_is_declared_replaces_each_value_alone(step: str) -> None:
    pixels = made_picture(3)
    shuffled = pixels.reshape(-1, 3)[np.random.default_rng(1).permutation(pixels.size // 3)].reshape(pixels.shape)
    for color in range(3):
        other = np.full_like(shuffled, 99)
        other[:, :, color] = shuffled[:, :, color]
        assert (apply(step, other)[:, :, color] == apply(step, shuffled)[:, :, color]).all()


def test_a_wrong_parameter_is_told_all_the_same() -> None:
    with pytest.raises(BadParameterError, match=r"levels\.white"):
        made(jpeg(photo(40, 30)), "invert/levels:200,100")


def test_one_table_costs_as_much_as_the_dearest() -> None:
    origin = WIDE
    whole, joined = (
        plan(planned("invert/tint/gamma:2/levels", origin, rules).pipeline, origin, LIMITS)
        for rules in ((), ("table",))
    )
    assert joined.work < 0.5 * whole.work
    found = (joined.detail.lossy, joined.detail.exact)
    assert found == pytest.approx((whole.detail.lossy, whole.detail.exact), rel=0.25), "one table clips once"
