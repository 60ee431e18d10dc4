"""What several windows show becomes one list: nothing twice, nothing in parts."""

from typing import NamedTuple

import numpy as np
import pytest

from core.findings.findings import Keypoint, Object
from core.findings.masks import Mask
from core.findings.region import Region
from core.models.seams import joined, within_room
from core.models.tiles import Window
from core.picture import Size

SIZE = Size(1000, 300)
WHOLE, LEFT, RIGHT = Window(0, 0, 1000, 300), Window(0, 0, 600, 300), Window(400, 0, 1000, 300)
ALL = (WHOLE, LEFT, RIGHT)


class Seen(NamedTuple):
    """An object in the coordinates of the picture."""

    window: int
    box: tuple[float, float, float, float]
    label: str = "car"
    score: float = 0.9


def thing(seen: Seen) -> Object:
    """The object as its window shows it."""
    left, top, *_ = ALL[seen.window]
    x0, y0, x1, y1 = seen.box
    return Object(label=seen.label, index=0, score=seen.score, model="m",
                  region=Region.box(x0 - left, y0 - top, x1 - left, y1 - top))  # fmt: skip


def found(*seen: Seen, iou: float = 0.45, most: int = 100) -> list[tuple[str, tuple[float, ...]]]:
    objects = [[thing(one) for one in seen if one.window == number] for number in range(3)]
    return [(one.label, one.region.bounds) for one in joined(ALL, objects, SIZE, iou, most)]


BOX = (420.0, 50.0, 580.0, 150.0)


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ([], []),
        ([Seen(1, (10, 10, 60, 60))], [(10, 10, 60, 60)]),
        ([Seen(2, (800, 10, 860, 60))], [(800, 10, 860, 60)]),
        ([Seen(1, BOX, score=0.8), Seen(2, (421, 50, 580, 151))], [(421, 50, 580, 151)]),
        ([Seen(1, (500, 50, 600, 150)), Seen(2, (500, 50, 640, 150), score=0.5)], [(500, 50, 640, 150)]),
        ([Seen(1, (500, 50, 600, 150))], []),
        ([Seen(1, (300, 50, 600, 150), score=0.8), Seen(2, (400, 52, 700, 150))], [(300, 50, 700, 150)]),
        ([Seen(1, (300, 50, 600, 150))], [(300, 50, 600, 150)]),
        ([Seen(0, (300, 50, 700, 150)), Seen(1, (300, 50, 600, 150))], [(300, 50, 700, 150)]),
        ([Seen(0, (40, 40, 80, 80), score=0.95), Seen(1, (42, 42, 62, 62), score=0.4)], [(42, 42, 62, 62)]),
        ([Seen(0, (40, 40, 80, 80))], [(40, 40, 80, 80)]),
        ([Seen(1, (300, 50, 600, 90)), Seen(2, (400, 200, 700, 290))], [(300, 50, 600, 90), (400, 200, 700, 290)]),
        ([Seen(1, (500, 50, 580, 140), score=0.5), Seen(2, (480, 40, 640, 150))], [(480, 40, 640, 150)]),
    ],
    ids=[
        "nothing", "in the first", "in the second", "in both", "cut in one", "cut, and not seen where it is whole",
        "larger than the overlap", "a part whose rest is not seen", "whole in the picture", "better in a window",
        "only in the picture", "parts of two things", "a part that ends before the seam",
    ],
)  # fmt: skip
def test_each_once_and_whole(seen: list[Seen], shown: list[tuple[float, ...]]) -> None:
    assert [box for _, box in found(*seen)] == shown


def test_classes_stay_apart() -> None:
    """A person before a car is no part of it."""
    both = found(Seen(1, BOX), Seen(2, (430, 60, 470, 140), "person", 0.8))
    assert both == [("car", BOX), ("person", (430, 60, 470, 140))]
    parts = found(Seen(1, (300, 50, 600, 150)), Seen(2, (400, 52, 700, 150), "person", 0.8))
    assert [label for label, _ in parts] == ["car", "person"]


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    seen = [Seen(1 + index % 2, (410 + 10 * index, 10, 416 + 10 * index, 20), score=0.5 + index / 100)
            for index in range(10)]  # fmt: skip
    shown = found(*seen, most=3)
    assert [box[0] for _, box in shown] == [500, 490, 480]


def test_masks_and_points_move_and_join() -> None:
    left = Object(label="car", index=0, score=0.9, model="m", region=Region.box(300, 50, 600, 150),
                  mask=Mask(300, 50, np.full((100, 300), 255, np.uint8)))  # fmt: skip
    right = Object(label="car", index=0, score=0.8, model="m", region=Region.box(0, 50, 300, 150),
                   mask=Mask(0, 50, np.full((100, 300), 255, np.uint8)))  # fmt: skip
    (whole,) = joined(ALL, [[], [left], [right]], SIZE, 0.45, 10)
    assert whole.mask
    assert (whole.mask.x, whole.mask.y, whole.mask.bits.shape, whole.mask.area) == (300, 50, (100, 400), 40_000)
    face = Object(label="face", index=0, score=0.9, model="m", region=Region.box(100, 10, 150, 60),
                  keypoints=(Keypoint("nose", 125, 40, 1.0),))  # fmt: skip
    (moved,) = joined(ALL, [[], [], [face]], SIZE, 0.45, 10)
    assert moved.region.bounds == (500, 10, 550, 60)
    assert moved.keypoints == (Keypoint("nose", 525, 40, 1.0),)


def test_masks_have_bounded_room() -> None:
    masked = Object(label="car", index=0, score=0.9, model="m", region=Region.box(0, 0, 9, 9),
                    mask=Mask(0, 0, np.zeros((10, 10), np.uint8)))  # fmt: skip
    kept, room = within_room([masked] * 3, 250)
    assert [one.mask is not None for one in kept] == [True, True, False]
    assert within_room([masked], room)[0][0].mask is None


def test_very_many() -> None:
    """Bounded work, whatever a network claims to see."""
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 550, (3, 1500, 2)) * (1, 0.4)
    sizes = rng.uniform(5, 60, (3, 1500, 2))
    objects = [
        [
            Object(label="car", index=0, score=float(rng.random()), model="m",
                   region=Region.box(*corner, *(corner + size)))
            for corner, size in zip(corners[number], sizes[number], strict=True)
        ]
        for number in range(3)
    ]  # fmt: skip
    assert len(joined(ALL, objects, SIZE, 0.45, 1000)) <= 1000
