"""As how many runs tensors count, and whether they fit."""

import pytest

from core.models.ports import Port, runs_counted, takes_shape

FREE = Port("x", (-1, 3, -1, -1), "f32", "float32")
FIXED = Port("y", (2, 5), "f32", "float32")


@pytest.mark.parametrize(
    ("given", "usual", "runs"),
    [
        ({"x": (1, 3, 1, 1), "y": (2, 5)}, {}, 1),
        ({"x": (4, 3, 1, 1), "y": (2, 5)}, {}, 4),
        ({"x": (2, 3, 10, 20), "y": (2, 5)}, {}, 400),
        ({"x": (1, 3, 640, 640), "y": (2, 5)}, {"x": (1, 3, 640, 640)}, 1),
        ({"x": (2, 3, 640, 320), "y": (2, 5)}, {"x": (1, 3, 640, 640)}, 1),
        ({"x": (1, 3, 1280, 1280), "y": (2, 5)}, {"x": (1, 3, 640, 640)}, 4),
        ({"x": (1, 3, 64, 64), "y": (2, 5)}, {"x": (1, 3, 640, 640)}, 1),
    ],
    ids=str,
)
def test_as_how_many_runs(given: dict[str, tuple[int, ...]], usual: dict[str, tuple[int, ...]], runs: float) -> None:
    assert runs_counted(given, (FREE, FIXED), usual) == pytest.approx(runs)


def test_a_network_without_inputs_runs_once() -> None:
    assert runs_counted({}, (), {}) == 1


@pytest.mark.parametrize(
    ("shape", "good"),
    [((1, 3, 5, 5), True), ((0, 3, 5, 5), False), ((1, 4, 5, 5), False), ((3, 5, 5), False), ((-1, 3, 5, 5), False)],
    ids=str,
)
def test_what_fits(shape: tuple[int, ...], good: bool) -> None:
    assert takes_shape(shape, FREE) is good
