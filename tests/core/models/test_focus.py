"""A Focus and its convolution become one convolution: the same numbers; whatever only looks like one stays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models import focus, graph

SIDE = 12
ORDER = ((0, 0), (1, 0), (0, 1), (1, 1))
"""YOLOX's own: row and column that each quarter begins at."""
Build = Callable[[Any, Any], Any]


def constant(ops: Any, *numbers: int) -> Any:
    return ops.constant(np.array(numbers))


def every_second(ops: Any, picture: Any, axis: int, start: int, step: int = 2, stop: int = 2**31 - 1) -> Any:
    return ops.slice(picture, *(constant(ops, number) for number in (start, stop, step, axis)))


def quarter(ops: Any, picture: Any, row: int, column: int) -> Any:
    return every_second(ops, every_second(ops, picture, 2, row), 3, column)


def weights(ops: Any, channels: int, sides: tuple[int, int]) -> Any:
    return ops.constant(np.random.default_rng(1).normal(size=(5, channels, *sides)).astype(np.float32))


def convolved(
    order: tuple[tuple[int, int], ...] = ORDER, sides: tuple[int, int] = (3, 3), begin: tuple[int, int] = (1, 1),
    end: tuple[int, int] = (1, 1), strides: tuple[int, int] = (1, 1), pad: str = "explicit", cut: Any = quarter,
) -> Build:  # fmt: skip
    def build(ops: Any, picture: Any) -> Any:
        quarters = ops.concat([cut(ops, picture, *start) for start in order], 1)
        kernel = weights(ops, 3 * len(order), sides)
        return ops.convolution(quarters, kernel, list(strides), list(begin), list(end), [1, 1], pad)

    return build


def columns_first(ops: Any, picture: Any, row: int, column: int) -> Any:
    return every_second(ops, every_second(ops, picture, 3, column), 2, row)


def of_another_source(ops: Any, picture: Any, row: int, column: int) -> Any:
    return quarter(ops, picture if row else ops.add(picture, ops.constant(np.float32(1))), row, column)


def of_another_step(ops: Any, picture: Any, row: int, column: int) -> Any:
    return every_second(ops, every_second(ops, picture, 2, row, step=3), 3, column, step=3)


def cut_short(ops: Any, picture: Any, row: int, column: int) -> Any:
    return every_second(ops, every_second(ops, picture, 2, row, stop=SIDE - 4), 3, column)


def rows_only(ops: Any, picture: Any, row: int, column: int) -> Any:
    return every_second(ops, every_second(ops, picture, 2, row), 3, column, step=1, stop=column + SIDE // 2)


def twice(ops: Any, picture: Any) -> Any:
    """A convolution of a Focus, the quarters of which are an output as well."""
    quarters = ops.concat([quarter(ops, picture, *start) for start in ORDER], 1)
    return [ops.convolution(quarters, weights(ops, 12, (3, 3)), [1, 1], [1, 1], [1, 1], [1, 1]), quarters]


def network(build: Build, height: int = SIDE, width: int = SIDE) -> Any:
    from openvino import opset13 as ops

    picture = ops.parameter((1, 3, height, width), np.float32, name="picture")
    made = build(ops, picture)
    return graph.openvino().Model(made if isinstance(made, list) else [made], [picture], "made")


def kinds(made: Any) -> list[str]:
    return [node.get_type_name() for node in made.get_ordered_ops()]


def outputs(made: Any, picture: Any) -> list[Any]:
    return list(graph.core().compile_model(made, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([picture]).values())


def folded(made: Any) -> Any:
    from openvino import opset13

    return focus.fold_focus(made.clone(), opset13)


def assert_alike(made: Any, after: Any) -> None:
    picture = np.random.default_rng(2).normal(size=list(made.inputs[0].get_shape())).astype(np.float32)
    for expected, got in zip(outputs(made, picture), outputs(after, picture), strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(convolved(), id="YOLOX's"),
        pytest.param(convolved(order=((0, 0), (0, 1), (1, 0), (1, 1))), id="another order"),
        pytest.param(convolved(cut=columns_first), id="columns first"),
        pytest.param(convolved(sides=(1, 1), begin=(0, 0), end=(0, 0)), id="a kernel of one pixel"),
        pytest.param(convolved(sides=(5, 3), begin=(2, 1), end=(2, 1)), id="a kernel higher than wide"),
        pytest.param(convolved(begin=(0, 2), end=(1, 0)), id="another padding on each side"),
        pytest.param(twice, id="quarters that are looked at as well"),
    ],
)
@pytest.mark.parametrize("sides", [(SIDE, SIDE), (8, 14)], ids=str)
def test_one_convolution_gives_the_same(build: Build, sides: tuple[int, int]) -> None:
    made = network(build, *sides)
    after = folded(made)
    assert kinds(after).count("Convolution") == 1
    assert ("Slice" in kinds(after)) == (build is twice)
    assert_alike(made, after)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(convolved(order=((0, 0), (0, 0), (0, 1), (1, 1))), id="a quarter twice"),
        pytest.param(convolved(order=((0, 0), (0, 1))), id="two quarters"),
        pytest.param(convolved(strides=(2, 2)), id="a convolution in strides"),
        pytest.param(convolved(pad="same_upper"), id="another way of padding"),
        pytest.param(convolved(cut=of_another_source), id="two sources"),
        pytest.param(convolved(cut=of_another_step), id="every third"),
        pytest.param(convolved(cut=cut_short), id="not to the end"),
        pytest.param(convolved(cut=rows_only), id="rows only"),
    ],
)
def test_what_only_looks_like_it_stays(build: Build) -> None:
    made = network(build)
    after = folded(made)
    assert kinds(after) == kinds(made)
    assert_alike(made, after)


@pytest.mark.parametrize(("kind", "stays"), [("f16", False), ("bf16", True)])
def test_short_floats(kind: str, stays: bool) -> None:
    """NumPy has no bf16: such weights are left where they are."""

    def build(ops: Any, picture: Any) -> Any:
        short = ops.convert(picture, kind)
        numbers = np.random.default_rng(1).integers(-2, 3, (5, 12, 3, 3)).astype(np.float32)
        kernel = ops.constant(numbers, dtype=getattr(graph.openvino().Type, kind))
        quarters = ops.concat([quarter(ops, short, *start) for start in ORDER], 1)
        return ops.convert(ops.convolution(quarters, kernel, [1, 1], [1, 1], [1, 1], [1, 1]), "f32")

    made = network(build)
    after = folded(made)
    assert ("Slice" in kinds(after)) is stays
    whole = np.random.default_rng(2).integers(-4, 5, (1, 3, SIDE, SIDE)).astype(np.float32)
    assert np.array_equal(outputs(after, whole)[0], outputs(made, whole)[0])


def test_yolox(data: Path) -> None:
    """The real network: no slice is left, and its numbers are those of the network as it was published."""
    raw = graph.core().read_model(str(data / "models" / "yolox" / "yolox_nano.onnx"))
    after = folded(raw)
    assert "Slice" in kinds(raw)
    assert "Slice" not in kinds(after)
    picture = np.random.default_rng(3).integers(0, 256, (1, 3, 416, 416)).astype(np.float32)
    np.testing.assert_allclose(outputs(after, picture)[0], outputs(raw, picture)[0], atol=1e-4)
