"""Redaction of animations: frame by frame, and what is lost stays hidden for two more."""

from collections.abc import Iterator

import numpy as np

from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.run import Context, Run
from tests.core.fakes import SIDE, FakeModels, Seen
from tests.core.filters.test_redact import HEIGHT, INSIDE, WIDTH


def frames(count: int) -> Iterator[Picture]:
    for index in range(count):
        origin = Origin(format="gif", size=Size(WIDTH, HEIGHT), frames=count, frame=index, duration=40)
        yield Picture(pixels=np.full((HEIGHT, WIDTH, 3), 255, np.uint8), origin=origin)


def test_an_animation_is_redacted_frame_by_frame_and_keeps_a_lost_box_for_two() -> None:
    seen = [(Seen(0, (25, 25, 50, 75)),), (), (), (), (Seen(0, (60, 25, 80, 75)),)]
    models = FakeModels(frames={"things": list(seen)})
    run = Run(Pipeline.parse("detect:things/redact/count"), Context(Limits(), Deadline(60), models=models))
    made = list(run.frames(frames(5)))
    assert [bool((frame.pixels[INSIDE] == 0).all()) for frame in made] == [True, True, True, False, False]
    assert (made[4].pixels[20:60, 73:95] == 0).all()
    assert [frame.findings.counts for frame in made] == [{"person": 1}, {}, {}, {}, {"person": 1}]


def test_a_lingering_box_of_another_class_is_not_hidden() -> None:
    models = FakeModels(frames={"things": [(Seen(1, (25, 25, 50, 75)),), ()]})
    run = Run(Pipeline.parse("detect:things/redact:person"), Context(Limits(), Deadline(60), models=models))
    assert all((frame.pixels == 255).all() for frame in run.frames(frames(2)))


def test_a_class_map_lingers_for_two_frames() -> None:
    none, road = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    road[50:] = 1
    run = Run(
        Pipeline.parse("segment/redact:road,area=mask,margin=0"),
        Context(Limits(), Deadline(60), models=FakeModels(maps=[road, none, none, none])),
    )
    assert [bool((frame.pixels[40:] == 0).all()) for frame in run.frames(frames(4))] == [True, True, True, False]
