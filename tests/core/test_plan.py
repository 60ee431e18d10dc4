"""What would cost too much is refused from the header alone."""

import pytest

from core.errors import DarkroomError
from core.limits import Limits
from core.picture import Origin, Size
from core.pipeline import Pipeline
from core.plan import averages, plan
from tests.core.fakes import FakeModels
from tests.costs import yardsticks

THUMBNAIL = Origin(format="jpeg", size=Size(160, 120))
PHOTOGRAPH = Origin(format="jpeg", size=Size(4000, 3000))


@pytest.mark.parametrize(
    ("text", "origin", "status", "code"),
    [
        ("resize:16384,16384,fit=fill,enlarge=true", THUMBNAIL, 413, "too_many_pixels"),
        ("resize:16385,10,fit=fill,enlarge=true", THUMBNAIL, 400, "bad_parameter"),
        ("blur/resize:9000,9000,fit=fill,enlarge=true,dpr=4", THUMBNAIL, 400, "bad_size"),
        ("pad:16000,16000,16000,16000", THUMBNAIL, 400, "bad_size"),
        ("/".join(["pad:2000,2000,2000,2000"] * 5), THUMBNAIL, 413, "too_many_pixels"),
        ("/".join(["denoise"] * 32), PHOTOGRAPH, 413, "too_much_work"),
        ("/".join(["denoise"] * 33), THUMBNAIL, 413, "too_much_work"),
        ("border:8000", PHOTOGRAPH, 400, "bad_size"),
        ("/".join(["rotate:45"] * 12), PHOTOGRAPH, 413, "too_many_pixels"),
    ],
)  # fmt: skip
def test_refused_in_milliseconds(text: str, origin: Origin, status: int, code: str) -> None:
    Pipeline.parse("blur")

    def refused() -> None:
        with pytest.raises(DarkroomError) as caught:
            plan(Pipeline.parse(text, limits=Limits()), origin, Limits())
        assert (caught.value.status, caught.value.code) == (status, code)

    assert yardsticks(refused) < 25, "planning must not do the work"


def test_sizes_are_followed_through_the_steps() -> None:
    steps = plan(Pipeline.parse("rotate:90/resize:600/square:100/blur"), PHOTOGRAPH, Limits()).steps
    assert [step.after for step in steps] == [(3000, 4000), (600, 800), (100, 100), (100, 100)]


def test_work_counts_every_frame() -> None:
    text = Pipeline.parse("median:5")
    one = plan(text, PHOTOGRAPH, Limits())
    assert plan(text, PHOTOGRAPH, Limits(work=1e9), frames=100).work == pytest.approx(one.work * 100)


def test_frames_that_wait_together_are_counted() -> None:
    text, one = Pipeline.parse("detect/redact"), Origin(format="gif", size=Size(1000, 1000))
    limits = Limits(work=1e9)
    still, moving = (plan(text, one, limits, frames=count, models=FakeModels()) for count in (1, 100))
    assert moving.memory - still.memory == 99 * 3_000_000


def test_masks_are_looked_at_as_large_as_they_were_seen() -> None:
    work = {
        text: plan(Pipeline.parse(text), PHOTOGRAPH, Limits(work=1e9), models=FakeModels()).steps[-1].work
        for text in ("detect/redact:area=mask", "detect/resize:400/redact:area=mask", "detect/resize:400/redact")
    }
    assert work["detect/resize:400/redact:area=mask"] == work["detect/redact:area=mask"]
    assert work["detect/resize:400/redact"] < 0.02 * work["detect/redact:area=mask"]


def test_memory_is_refused() -> None:
    with pytest.raises(DarkroomError, match="MiB of memory") as refused:
        plan(Pipeline.parse("blur"), PHOTOGRAPH, Limits(memory=1_000_000))
    assert refused.value.code == "too_much_work"


@pytest.mark.parametrize(
    ("text", "averaged"),
    [
        ("", False), ("blur:15", True), ("blur:3", False), ("blur:15,0.5", False), ("box:9", True), ("median:5", False),
        ("resize:2000", True), ("resize:2001", False), ("resize:400,1500,fit=fill", True), ("square:1500", True),
        ("resize:1000,fit=cover,height=2400", False), ("rotate:90", False), ("crop:10,10", False),
        ("exif/blur:15", False), ("sharpen/blur:15", False), ("resize:100,kernel=nearest", False),
    ],
)  # fmt: skip
def test_what_averages_at_once(text: str, averaged: bool) -> None:
    assert averages(Pipeline.parse(text), PHOTOGRAPH.size) is averaged


def test_steps_that_look_at_all_frames_count_twice() -> None:
    """All frames go through the steps before `trim`, and through it, once more."""
    moving = Origin(format="gif", size=Size(100, 100), frames=8)
    alone = plan(Pipeline.parse("blur/trim/sepia"), moving, Limits())
    parts = {step.name: step.work for step in alone.steps}
    animated = plan(Pipeline.parse("blur/trim/sepia"), moving, Limits(), frames=8)
    assert alone.work == pytest.approx(sum(parts.values()))
    assert animated.work == pytest.approx(8 * (sum(parts.values()) + parts["blur"] + parts["trim"]))


def test_filling_what_is_transparent_is_counted() -> None:
    opaque, clear = (Origin(format="png", size=Size(100, 100), channels=channels) for channels in (3, 4))
    for text in ("sobel", "equalize"):
        assert plan(Pipeline.parse(text), clear, Limits()).work > plan(Pipeline.parse(text), opaque, Limits()).work
        cut = plan(Pipeline.parse(f"rounded/{text}"), opaque, Limits()).steps
        assert cut[1].work > plan(Pipeline.parse(text), opaque, Limits()).steps[0].work
