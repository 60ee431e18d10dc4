"""Filters that frame and cut out what was found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import NothingFoundError
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.run import Context, Run
from tests.conftest import made_picture
from tests.core.fakes import FakeModels, Seen, ellipse, street
from tests.core.filters.support import apply, run

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]
TWO = (Seen(0, (10, 20, 30, 60), 0.5), Seen(1, (50, 30, 90, 80), 0.4), Seen(0, (40, 5, 45, 15), 0.9))
"""In 200 × 100 pixels: a person (20, 20, 40, 40), a large dog (100, 30, 80, 50), a small person (80, 5, 10, 10)."""


def placed() -> Pixels:
    """A picture of 200 × 100 in which every pixel tells where it is."""
    down, across = np.mgrid[0:100, 0:200].astype(np.uint8)
    return np.dstack([across, down, across ^ down])


def where(pixels: Pixels) -> Box:
    """Left, top, width and height of what was cut out of `placed`."""
    return int(pixels[0, 0, 0]), int(pixels[0, 0, 1]), pixels.shape[1], pixels.shape[0]


# --- crop_to -------------------------------------------------------------------------------------------------------

BOXES = [
    ("crop_to:margin=0", (100, 30, 80, 50)),
    ("crop_to", (92, 25, 96, 60)),
    ("crop_to:dog,margin=0", (100, 30, 80, 50)),
    ("crop_to:person,margin=0", (20, 20, 40, 40)),
    ("crop_to:person,best,margin=0", (80, 5, 10, 10)),
    ("crop_to:object,best,margin=0", (80, 5, 10, 10)),
    ("crop_to:person,all,margin=0", (20, 5, 70, 55)),
    ("crop_to:object,all,margin=0", (20, 5, 160, 75)),
    ("crop_to:object,all,margin=1", (0, 0, 200, 100)),
    ("crop_to:dog,aspect=1:1,margin=0", (100, 15, 80, 80)),
    ("crop_to:dog,aspect=1:1,margin=0.5", (90, 0, 100, 100)),
    ("crop_to:person,aspect=4:1,margin=0", (0, 20, 160, 40)),
    ("crop_to:person,best,aspect=1:2,margin=0", (80, 0, 10, 20)),
]


@pytest.mark.parametrize(("text", "box"), BOXES, ids=[text for text, _ in BOXES])
def test_crop_to(text: str, box: Box) -> None:
    result = apply(f"detect:things/{text}", placed(), models=FakeModels(things=TWO))
    assert where(result) == box


def test_crop_to_a_face() -> None:
    seen = FakeModels(retail=(Seen(0, (10, 20, 30, 60)),))
    assert where(apply("faces/crop_to:face,margin=0", placed(), models=seen)) == (20, 20, 40, 40)


def test_findings_follow_the_crop() -> None:
    picture = run("detect:things/crop_to:dog,margin=0", placed(), models=FakeModels(things=TWO))
    (dog,) = picture.findings.to_json(*picture.size)["objects"]
    assert dog["box"] == [0, 0, 80, 50]


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.floats(0, 95), st.floats(0, 95), st.floats(1, 100), st.floats(1, 100)),
    st.sampled_from(["", ",aspect=1:1", ",aspect=16:9", ",aspect=1:5", ",aspect=100:1"]),
    st.sampled_from([0, 0.1, 2]),
)
def test_crop_to_holds_its_object_or_all_that_fits(
    box: tuple[float, float, float, float], aspect: str, margin: float
) -> None:
    left, top, wide, high = box
    seen = Seen(0, (left, top, min(left + wide, 100), min(top + high, 100)))
    result = apply(f"detect:things/crop_to:margin={margin}{aspect}", placed(), models=FakeModels(things=(seen,)))
    x, y, width, height = where(result)
    shares = np.array(seen.box, np.float32).astype(float)
    x0, y0, x1, y1 = (share * side / 100 for share, side in zip(shares, (200, 100, 200, 100), strict=True))
    small = width < 200 and height < 100
    if not aspect or small:
        slack = 1e-5  # boxes are 32-bit floats
        assert x <= x0 + slack
        assert y <= y0 + slack
        assert x + width >= x1 - slack
        assert y + height >= y1 - slack
    if not aspect:
        grown = [(1 + 2 * margin) * length for length in (x1 - x0, y1 - y0)]
        assert width < grown[0] + 2, "no pixel more than it touches"
        assert height < grown[1] + 2
    else:
        across, down = map(int, aspect.removeprefix(",aspect=").split(":"))
        assert abs(width - height * across / down) <= across / down + 1


# --- gravity -------------------------------------------------------------------------------------------------------

GRAVITIES = [
    ("detect:things/crop:60,40,gravity=object", (110, 35, 60, 40)),
    ("detect:things/crop:60,90,gravity=object", (110, 10, 60, 90)),
    ("faces/crop:60,40,gravity=faces", (10, 20, 60, 40)),
    ("faces/crop:150,90,gravity=faces", (5, 0, 150, 90)),
    ("faces/crop:aspect=1:1,gravity=faces", (0, 0, 100, 100)),
]


@pytest.mark.parametrize(("text", "box"), GRAVITIES, ids=[text for text, _ in GRAVITIES])
def test_gravity_keeps_the_subject_in_the_middle(text: str, box: Box) -> None:
    """Two faces around (40, 40) and (130, 50), 120 pixels wide together: both where there is room, else the larger."""
    faces = (Seen(0, (10, 20, 30, 60)), Seen(0, (60, 40, 70, 60)))
    assert where(apply(text, placed(), models=FakeModels(things=TWO, retail=faces))) == box


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("faces/crop:60,40,gravity=faces", "crop:60,40,gravity=smart"),
        ("detect:things/crop:60,40,gravity=object", "crop:60,40,gravity=smart"),
        ("detect:things/crop_to:aspect=1:1", "crop:aspect=1:1,gravity=smart"),
        ("detect:things/crop_to:dog", ""),
    ],
)
def test_nothing_found_falls_back_to_what_draws_attention(text: str, like: str) -> None:
    pixels = np.full((100, 200, 3), 90, np.uint8)
    pixels[20:50, 150:180] = made_picture(3, 30, 30)
    assert np.array_equal(apply(text, pixels, models=FakeModels(things=(), retail=())), apply(like, pixels))


@pytest.mark.parametrize(
    "text",
    [
        "faces/crop:60,40,gravity=faces,missing=error",
        "detect:things/crop:60,40,gravity=object,missing=error",
        "detect:things/crop_to:missing=error",
        "detect:things/crop_to:dog,missing=error",
        "detect:things/cutout:missing=error",
        "segment/cutout:road,missing=error",
    ],
)
def test_nothing_found_is_an_error_where_it_was_told_so(text: str) -> None:
    models = FakeModels(things=(), retail=())
    above = placed()
    cut = "segment/crop:100p,10p,0,0/cutout:road,missing=error" if text.startswith("segment") else text
    with pytest.raises(NothingFoundError) as refused:
        apply(cut, above, models=models)
    assert (refused.value.status, refused.value.code) == (422, "nothing_found")


@pytest.mark.parametrize("text", ["crop_to:dog,margin=0", "crop:80,50,gravity=object"])
def test_an_animation_is_cut_as_its_first_frame_says(text: str) -> None:
    seen = [(Seen(1, (50, 30, 90, 80)),), (Seen(1, (0, 0, 40, 50)),), ()]
    models = FakeModels(frames={"things": list(seen)})
    pictures = [Picture(pixels=placed(), origin=Origin(format="gif", size=Size(200, 100), frames=3))] * 3
    run_ = Run(Pipeline.parse(f"detect:things/{text}"), Context(Limits(), Deadline(60), models=models))
    assert [where(frame.pixels) for frame in run_.frames(pictures)] == [(100, 30, 80, 50)] * 3


# --- cutout and mask -----------------------------------------------------------------------------------------------


def ellipse_in(height: int, width: int) -> NDArray[np.float64]:
    """How far out of the fake's ellipse each pixel is; 1 on its edge."""
    down, across = np.mgrid[0:height, 0:width] + 0.5
    return np.hypot((across / width - 0.5) / 0.3, (down / height - 0.5) / 0.3)


def test_a_mask_is_white_where_the_object_is() -> None:
    result = apply("detect:outlines/mask", made_picture(3, 400, 200))
    away = ellipse_in(200, 400)
    assert result.shape == (200, 400, 1)
    assert (result[away < 0.96] == 255).all()
    assert (result[away > 1.04] == 0).all()
    assert np.array_equal(apply("detect:outlines/mask:invert=true", made_picture(3, 400, 200)), 255 - result)


def test_an_object_without_a_mask_is_its_box() -> None:
    result = apply("detect:things/mask:dog", placed(), models=FakeModels(things=TWO))[:, :, 0]
    expected = np.zeros((100, 200), np.uint8)
    expected[30:80, 100:180] = 255
    assert np.array_equal(result, expected)


MAPS = [
    ("segment/mask:road", [1]),
    ("segment/mask:road+mark", [1, 3]),
    ("segment/mask", [1, 2, 3]),
    ("segment/mask:background", [0]),
]


@pytest.mark.parametrize(("text", "classes"), MAPS, ids=[text for text, _ in MAPS])
def test_a_mask_of_a_class_map(text: str, classes: list[int]) -> None:
    expected = np.isin(street(), classes).repeat(2, axis=1)
    assert np.array_equal(apply(text, placed())[:, :, 0] > 0, expected)


def test_void_is_of_no_class() -> None:
    turned = run("segment/rotate:45,background=000", placed())
    everything = apply("segment/rotate:45/mask:background+road+curb+mark", placed())[:, :, 0]
    assert turned.findings.segments is not None
    assert np.array_equal(everything == 0, turned.findings.segments[0].map == 255)
    assert 0.3 < (everything == 0).mean() < 0.7


def test_objects_alone_are_meant_where_there_are_both() -> None:
    models = FakeModels(things=TWO[:1])
    alone = apply("detect:things/mask", placed(), models=models)
    assert np.array_equal(apply("segment/detect:things/mask", placed(), models=models), alone)
    assert apply("segment/detect:things/mask:road+person", placed(), models=models).sum() > alone.sum()


def test_cutout_keeps_colours_and_multiplies_alpha(pixels: Pixels) -> None:
    result = apply("detect:things/cutout:dog", pixels, models=FakeModels(things=(Seen(1, (25, 25, 75, 75)),)))
    assert result.shape == (64, 96, 4)
    alpha = pixels[:, :, 3] if pixels.shape[2] == 4 else np.full((64, 96), 255)
    seen = result[:, :, 3] > 0
    assert np.array_equal(result[seen, :3], np.broadcast_to(pixels[:, :, :3], (64, 96, 3))[seen])
    assert (result[~seen] == 0).all(), "what is cut away is gone"
    assert np.array_equal(result[16:48, 24:72, 3], alpha[16:48, 24:72])
    result[16:48, 24:72, 3] = 0
    assert (result[:, :, 3] == 0).all()


def test_cutout_along_the_mask_and_inverted() -> None:
    kept = apply("detect:outlines/cutout", made_picture(3, 400, 200))[:, :, 3]
    away = ellipse_in(200, 400)
    assert (kept[away < 0.96] == 255).all()
    assert (kept[away > 1.04] == 0).all()
    assert np.array_equal(apply("detect:outlines/cutout:invert=true", made_picture(3, 400, 200))[:, :, 3], 255 - kept)


def animation(count: int) -> list[Picture]:
    """White frames of 100 × 100."""
    return [
        Picture(
            pixels=np.full((100, 100, 3), 255, np.uint8),
            origin=Origin(format="gif", size=Size(100, 100), frames=count, frame=number, duration=40),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("invert", [False, True], ids=["kept", "cut away"])
def test_what_is_lost_in_an_animation_stays_cut_out_for_three_frames(invert: bool) -> None:
    sees: list[tuple[Seen, ...]] = [(Seen(0, (25, 25, 75, 75)),), (), (), (), ()]
    text = f"detect:things/cutout:invert={str(invert).lower()}/count"
    models = FakeModels(frames={"things": sees})
    made = list(Run(Pipeline.parse(text), Context(Limits(), Deadline(60), models=models)).frames(animation(5)))
    inside = [frame.pixels[30:70, 30:70, 3] for frame in made]
    assert [int(np.median(alpha)) for alpha in inside] == [255 * (kept != invert) for kept in (1, 1, 1, 1, 0)]
    assert [frame.findings.counts for frame in made] == [{"person": 1}, {}, {}, {}, {}]


@pytest.mark.parametrize("name", ["things", "outlines"], ids=["box", "mask"])
def test_a_sliver_that_a_crop_leaves_is_cut_out_too(name: str) -> None:
    models = FakeModels(**{name: (Seen(0, (10, 10, 60, 90)),)})
    kept, away = (
        apply(f"detect:{name}/crop:85,100,x=115/cutout:invert={invert}", placed(), models=models)[:, :, 3]
        for invert in ("false", "true")
    )
    assert np.array_equal(kept, 255 - away)
    assert (kept[45:55, :2] == 255).all(), "of a hundred columns five are left"
    assert (kept[:, 10:] == 0).all()


def test_feather_softens_the_edge() -> None:
    hard, soft = (apply(f"detect:outlines/cutout:feather={f}", made_picture(3, 400, 200))[:, :, 3] for f in (0, 6))
    assert len(np.unique(hard)) == 2
    assert len(np.unique(soft)) > 100
    assert abs(float(hard.mean()) - float(soft.mean())) < 2


def test_nothing_found_is_all_transparent() -> None:
    assert (apply("detect:things/cutout", placed(), models=FakeModels(things=()))[:, :, 3] == 0).all()


def test_the_fake_s_mask_is_its_ellipse() -> None:
    assert np.array_equal(ellipse((20, 20, 80, 80)) > 0, ellipse_in(100, 100) <= 1)
