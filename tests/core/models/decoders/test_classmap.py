"""Class maps: chosen by us beside numpy's argmax, or by the graph."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.prediction import ClassMap
from core.picture import Size
from tests.core.models.support import decode

SIZE = Size(48, 32)


def made(*outputs: NDArray[np.generic], size: Size = SIZE, **fields: object) -> NDArray[np.uint8]:
    found = decode("argmax", outputs, size, **fields)
    assert isinstance(found, ClassMap)
    assert found.map.dtype == np.uint8
    return found.map


def scores(classes: int, height: int = 32, width: int = 48) -> NDArray[np.float32]:
    """Small whole numbers, so that many pixels have equal scores."""
    return np.random.default_rng(1).integers(-3, 4, (classes, height, width)).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 4, 21, 255])
@pytest.mark.parametrize("kind", [np.float32, np.float16, np.uint8])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("declared", ["NCHW", "NHWC"])
def test_scores_equal_argmax(classes: int, kind: type, layout: str, declared: str) -> None:
    planes = (scores(classes) + 3).astype(kind)
    output = planes if layout == "NCHW" else np.ascontiguousarray(planes.transpose(1, 2, 0))
    assert np.array_equal(made(output[None], layout=declared), planes.argmax(axis=0)), "the size tells the layout"


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_smaller_scores_follow_the_layout_and_are_enlarged(layout: str) -> None:
    planes = scores(5, 8, 12)
    output = planes if layout == "NCHW" else planes.transpose(1, 2, 0)
    large = planes.argmax(axis=0).repeat(4, axis=0).repeat(4, axis=1)
    assert np.array_equal(made(output[None], layout=layout), large)


def test_scores_are_left_alone() -> None:
    output = scores(4)[None]
    before = output.copy()
    made(output)
    assert np.array_equal(output, before)


MAP = np.random.default_rng(2).integers(0, 21, (32, 48))


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("shape", [(1, 32, 48), (1, 1, 32, 48), (1, 32, 48, 1)], ids=str)
def test_maps_of_the_graph(kind: type, shape: tuple[int, ...]) -> None:
    assert np.array_equal(made(MAP.reshape(shape).astype(kind)), MAP)


def test_a_map_of_bytes_is_not_copied() -> None:
    output = MAP.astype(np.uint8)[None]
    assert np.shares_memory(made(output), output)


def test_a_smaller_map_is_enlarged() -> None:
    assert np.array_equal(made(MAP[None], size=Size(96, 64)), MAP.repeat(2, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0, [0, 1, 20, 254, 255]), (1, [1, 2, 21, 255, 255]), (-1, [255, 0, 19, 253, 255])],
    ids=["none", "up", "down: the background is void"],
)
def test_offset(offset: int, expected: list[int]) -> None:
    assert made(np.array([[[0, 1, 20, 254, 255]]]), size=Size(5, 1), label_offset=offset).tolist() == [expected]


@pytest.mark.parametrize(
    ("output", "megabytes"),
    [
        (np.zeros((1, 1, 1024, 2048), np.int64), 2.2),
        (np.zeros((1, 1024, 2048), np.uint8), 0.2),
        (np.zeros((1, 20, 256, 512), np.float32), 4),
        (np.zeros((1, 256, 512, 20), np.float32), 14),
    ],
    ids=["a map of 16 MB", "a map of bytes", "planes of 10 MB", "pixels of 10 MB, turned into planes"],
)
def test_memory(output: NDArray[np.generic], megabytes: float) -> None:
    size = Size(2048, 1024) if output.ndim == 3 or output.shape[1] == 1 else Size(512, 256)
    tracemalloc.start()
    try:
        made(output, size=size)
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    finally:
        tracemalloc.stop()


# --- scores at a fraction of the input's size ----------------------------------------------------------------------


def _plain(planes: NDArray[np.float32], size: Size) -> NDArray[np.float64]:
    """Each plane resized, linear between the middles of pixels, at its edges as the last pixel: a plain loop."""
    count, height, width = planes.shape
    large = np.zeros((count, size.height, size.width))
    for row in range(size.height):
        for column in range(size.width):
            y = min(max((row + 0.5) * height / size.height - 0.5, 0), height - 1)
            x = min(max((column + 0.5) * width / size.width - 0.5, 0), width - 1)
            top, left = int(y), int(x)
            below, right = min(top + 1, height - 1), min(left + 1, width - 1)
            upper = planes[:, top, left] * (1 - (x - left)) + planes[:, top, right] * (x - left)
            lower = planes[:, below, left] * (1 - (x - left)) + planes[:, below, right] * (x - left)
            large[:, row, column] = upper * (1 - (y - top)) + lower * (y - top)
    return large


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("sides", [(8, 12), (7, 11), (32, 48)], ids=str)
def test_deeplab_resizes_scores_before_it_chooses(sides: tuple[int, int], layout: str) -> None:
    planes = np.random.default_rng(4).normal(0, 3, (21, *sides)).astype(np.float32)
    output = planes if layout == "NCHW" else np.ascontiguousarray(planes.transpose(1, 2, 0))
    found = decode("deeplab", [output[None]], SIZE, layout=layout)
    assert isinstance(found, ClassMap)
    large = np.sort(_plain(planes, SIZE), axis=0)
    clear = large[-1] - large[-2] > 1e-4  # OpenCV's weights are rounded
    assert clear.mean() > 0.99
    assert np.array_equal(found.map[clear], _plain(planes, SIZE).argmax(axis=0)[clear])


def test_deeplab_reads_quantised_scores() -> None:
    planes = np.random.default_rng(5).integers(0, 256, (5, 8, 12)).astype(np.uint8)
    found = decode("deeplab", [planes[None]], SIZE)
    assert isinstance(found, ClassMap)
    assert (found.map == _plain(planes.astype(np.float32), SIZE).argmax(axis=0)).mean() > 0.99
