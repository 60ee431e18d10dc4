"""Rows: a quick network looks at several parts in one run, and tells of each what it tells of it alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelOutputError
from core.models.batching import TOLERANCE
from core.models.model import Head, Model
from core.models.network import Network
from core.models.prediction import AttributeValues, Prediction
from core.models.rows import even_shares, rows_of
from core.models.runtime import Runtime
from tests.core.models.making import ALL, SIDE, a_runtime, a_table, means, saved, soon
from tests.core.models.test_batching import inverse, merged, mixed, one_row

HEADS = (Head(name="mood", labels=("calm", "glad", "sad")), Head(name="age", times=100))


def both(ops: Any, picture: Any) -> list[Any]:
    """Scores of three labels, and a number."""
    own = means(ops, picture)
    return [own, ops.reduce_sum(own, ops.constant(np.array([1])), True)]


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Model]:
    about: dict[str, Any] = {"task": "attributes", "decoder": "heads", "labels": (), "cost": 0.01}
    return lambda build, **fields: a_table(
        saved(tmp_path, build.__name__, build), **{**about, "heads": HEADS[:1], **fields}
    )


def parts(count: int, channels: int = 3) -> list[NDArray[np.uint8]]:
    """Cut out of a picture: each of other sides."""
    picture = np.random.default_rng(7).integers(1, 256, (300, 300, channels), np.uint8)
    return [picture[n : 2 * n + SIDE - 2, 3 * n : 4 * n + SIDE] for n in range(count)]


def sizes_of_runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    run = Network._infer

    def noted(network: Network, request: Any, images: Any) -> float:
        found.append(len(images))
        return run(network, request, images)

    monkeypatch.setattr(Network, "_infer", noted)
    return found


def ready(model: Model, count: int = 2, **options: Any) -> Runtime:
    """A runtime that has looked at parts before."""
    runtime = a_runtime(model, **options)
    runtime.see_each(model, parts(count), ALL, soon())
    return runtime


def values(predictions: list[Prediction]) -> list[list[float]]:
    assert all(isinstance(one, AttributeValues) for one in predictions)
    return [[value.number or value.score or 0.0 for value in one.values] for one in predictions]  # type: ignore[union-attr]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("count", "runs"), [(2, [2]), (16, [16]), (17, [9, 8]), (40, [14, 14, 12])])
def test_each_row_is_as_if_it_were_alone(
    made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch, count: int, runs: list[int], channels: int
) -> None:
    model = made(both, heads=HEADS, input={"resize": "letterbox"})
    runtime, given = ready(model), parts(count, channels)
    alone = [runtime.see(model, part, ALL, soon())[0] for part in given]
    sizes, before = sizes_of_runs(monkeypatch), runtime.state(model.name).runs
    together = runtime.see_each(model, given, ALL, soon())
    assert sizes == runs
    assert runtime.state(model.name).runs == before + count
    assert [one.values[0].label for one in together] == [one.values[0].label for one in alone]  # type: ignore[union-attr]
    assert values(together) == [pytest.approx(one, rel=TOLERANCE["f32"]) for one in values(alone)]
    assert len({tuple(one) for one in values(together)}) > count / 2, "parts are not alike"


@pytest.mark.parametrize(
    ("build", "fields"),
    [
        (mixed, {}), (one_row, {"heads": (Head(name="kind", labels=tuple(map(str, range(3 * SIDE * SIDE)))),)}),
        (merged, {"heads": (Head(name="kind", labels=tuple(map(str, range(3 * SIDE * SIDE)))),)}),
        (means, {"cost": 1.1}),
    ],
    ids=["mixes its rows", "written for one", "one long row", "slow"],
)  # fmt: skip
def test_what_takes_one_at_a_time_runs_so(
    made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch, build: Any, fields: dict[str, Any]
) -> None:
    model = made(build, **fields)
    runtime = ready(model)
    sizes = sizes_of_runs(monkeypatch)
    assert len(runtime.see_each(model, parts(5), ALL, soon())) == 5
    assert sizes == [1] * 5, "and nothing is compiled again"


def test_rows_take_no_memory_of_other_models(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(means, memory=1000)
    runtime = ready(model, memory=1999)
    sizes = sizes_of_runs(monkeypatch)
    runtime.see_each(model, parts(3), ALL, soon())
    assert sizes == [1, 1, 1]
    assert (runtime._cache.used_bytes, runtime.state(model.name).loads) == (1000, 1)


def test_rows_go_with_their_model(made: Callable[..., Model]) -> None:
    model = made(means, memory=1000)
    runtime = ready(model, memory=2000)
    assert runtime._cache.used_bytes == 2000
    runtime.unload(model.name)
    assert runtime._cache.used_bytes == 0


def test_one_row_that_is_not_sound(made: Callable[..., Model]) -> None:
    model = made(inverse)
    runtime, black = ready(model), np.zeros((SIDE, SIDE, 3), np.uint8)
    with pytest.raises(ModelOutputError, match="NaN or infinite"):
        runtime.see_each(model, [*parts(3), black], ALL, soon())
    assert len(runtime.see_each(model, parts(3), ALL, soon())) == 3


@pytest.mark.parametrize(("side", "most"), [(8, 16), (128, 16), (224, 5), (300, 2), (512, 1), (2000, 1)])
def test_pixels_of_a_run_are_bounded(made: Callable[..., Model], side: int, most: int) -> None:
    assert rows_of(made(means, input={"size": (side, side)})) == most


def test_only_attributes_have_rows(made: Callable[..., Model]) -> None:
    assert rows_of(made(means, task="classify", decoder="softmax", heads=())) == 1
    assert rows_of(made(means, input={"dynamic": True})) == 1, "parts of one run have one size"


@pytest.mark.parametrize(
    ("count", "most", "shares"), [(0, 4, []), (1, 4, [1]), (4, 4, [4]), (5, 4, [3, 2]), (9, 4, [3, 3, 3])]
)
def test_shares_are_even(count: int, most: int, shares: list[int]) -> None:
    assert [len(some) for some in even_shares(parts(count), most)] == shares
