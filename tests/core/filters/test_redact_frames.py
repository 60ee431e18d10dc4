"""Redaction of animations: frame by frame, and what a frame has lost is hidden where the others tell that it is."""

from collections.abc import Iterator

import numpy as np
import pytest

from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.run import Context, Run
from tests.core.fakes import SIDE, FakeModels, Seen
from tests.core.filters.test_redact import HEIGHT, INSIDE, WIDTH
from tests.core.privacy.moving import Mover, Rng, Watching, mover, share_uncovered, uncovered, white_frames

FOLLOWED = {
    "boxes": "detect:things/redact:margin=0",
    "masks": "detect:outlines/redact:area=mask,margin=0",
    "maps": "segment:street/redact:area=mask,margin=0",
    "moved": "detect:things/flop/flop/redact:margin=0",
}


def frames(count: int) -> Iterator[Picture]:
    for index in range(count):
        origin = Origin(format="gif", size=Size(WIDTH, HEIGHT), frames=count, frame=index, duration=40)
        yield Picture(pixels=np.full((HEIGHT, WIDTH, 3), 255, np.uint8), origin=origin)


def made(text: str, models: FakeModels, count: int) -> list[Picture]:
    return list(Run(Pipeline.parse(text), Context(Limits(), Deadline(60), models=models)).frames(frames(count)))


def test_a_lost_box_stays_for_three_frames() -> None:
    seen = [(Seen(0, (25, 25, 50, 75)),), (), (), (), (), ()]
    result = made("detect:things/redact/count", FakeModels(frames={"things": list(seen)}), 6)
    assert [bool((frame.pixels[INSIDE] == 0).all()) for frame in result] == [True, True, True, True, False, False]
    assert [frame.findings.counts for frame in result] == [{"person": 1}, {}, {}, {}, {}, {}], "what is found stays"


def test_what_is_seen_late_is_hidden_before() -> None:
    seen = [(), (), (), (), (Seen(0, (25, 25, 50, 75)),)]
    result = made("detect:things/redact", FakeModels(frames={"things": list(seen)}), 5)
    assert [bool((frame.pixels[INSIDE] == 0).all()) for frame in result] == [False, True, True, True, True]


def test_a_lost_box_of_another_class_is_not_hidden() -> None:
    models = FakeModels(frames={"things": [(Seen(1, (25, 25, 50, 75)),), ()]})
    assert all((frame.pixels == 255).all() for frame in made("detect:things/redact:person", models, 2))


def test_a_still_hides_what_it_shows_and_no_more() -> None:
    (result,) = made("detect:things/redact:margin=0", FakeModels(things=(Seen(0, (25, 25, 50, 75)),)), 1)
    assert (result.pixels == 0).all(axis=2).sum() == 30 * 40


def test_a_part_of_a_class_map_stays_for_three_frames() -> None:
    none, road = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    road[50:] = 1
    result = made("segment/redact:road,area=mask,margin=0", FakeModels(maps=[road, none, none, none, none]), 5)
    assert [bool((frame.pixels[40:] == 0).all()) for frame in result] == [True, True, True, True, False]


@pytest.mark.parametrize("gap", [1, 2, 3])
@pytest.mark.parametrize("text", FOLLOWED.values(), ids=FOLLOWED)
def test_a_mover_is_hidden_in_the_frames_that_miss_it(text: str, gap: int) -> None:
    rng = np.random.default_rng(gap)
    assert share_uncovered(rng, 0.0, gap, text, 8) == 0
    for missed in (lambda count, gap: range(count - gap, count), lambda _, gap: range(gap)):
        assert sum(uncovered([mover(rng, 12, gap, missed=missed)], 12, text)[0] for _ in range(4)) == 0


@pytest.mark.parametrize("text", [FOLLOWED["boxes"], FOLLOWED["masks"]], ids=["boxes", "masks"])
def test_two_that_cross_do_not_swap(text: str) -> None:
    """Each is lost at another time around the crossing: one that took the other's place would leave it seen."""
    time = np.arange(12)[:, None]
    one = Mover(np.array([30, 60]) + np.array([14, 4]) * time, 8, False, frozenset({5, 6}))
    other = Mover(np.array([190, 60]) + np.array([-14, 4]) * time, 8, False, frozenset({6, 7, 8}))
    assert uncovered([one, other], 12, text, only_missed=False)[0] == 0


def test_an_even_mover_is_hidden_by_no_more_than_a_border() -> None:
    """Following is no excuse for hiding the way: of a frame that misses it a pixel around is hidden, no more."""
    time = np.arange(9)[:, None]
    one = Mover(np.array([30, 60]) + np.array([15, 5]) * time, 8, False, frozenset({4, 5}))
    hidden = _hidden([one], 9)
    assert hidden[4] == hidden[5] == (17 + 2) ** 2
    assert hidden[3] == 17**2


def _hidden(movers: list[Mover], count: int) -> list[int]:
    """How many pixels are hidden in each frame."""
    run = Run(Pipeline.parse(FOLLOWED["boxes"]), Context(Limits(), Deadline(60), models=Watching(movers)))
    return [int((frame.pixels == 0).sum()) for frame in run.frames(white_frames(count))]


def test_more_pull_leaves_more_uncovered_and_never_much() -> None:
    rng: Rng = np.random.default_rng(3)
    assert share_uncovered(rng, 1.0, 2, FOLLOWED["boxes"], 8) <= 0.02
