"""Redaction along class maps: to the pixel, with a margin around each part."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.imaging.redaction import areas_of
from tests.core.fakes import SIDE, FakeModels
from tests.core.filters.support import apply
from tests.core.filters.test_redact import HEIGHT, HOW, WIDTH, Pixels, picture


def white() -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), 255, np.uint8)


def black_after(text: str, models: FakeModels | None = None) -> NDArray[np.bool_]:
    """Where a white picture is black afterwards; everywhere else it is as white as before."""
    result = apply(text, white(), models=models or FakeModels())
    assert set(np.unique(result)) <= {0, 255}
    return np.asarray((result == 0).all(axis=2))


def shown(classes: str, before: str = "segment") -> NDArray[np.bool_]:
    return np.asarray(apply(f"{before}/mask:{classes}", white(), models=FakeModels())[:, :, 0] > 0)


@pytest.mark.parametrize("classes", ["road", "mark", "curb", "road+curb"])
def test_a_class_map_is_followed_to_the_pixel(classes: str) -> None:
    assert np.array_equal(black_after(f"segment/redact:{classes},area=mask,margin=0"), shown(classes))


def test_a_class_map_is_followed_through_geometry() -> None:
    move = "segment/rotate:20,background=ffffff"
    moved = black_after(f"{move}/redact:curb,area=mask,margin=0")
    shown = apply(f"{move}/mask:curb", white(), models=FakeModels())[:, :, 0]
    assert moved[shown > 0].all()
    assert not moved[cv2.dilate(shown, np.ones((5, 5), np.uint8)) == 0].any()
    assert moved.any()


def test_the_margin_of_a_part_of_a_class_map() -> None:
    """The mark is 12 × 24 pixels, the curbs 12 × 40: a quarter of the shorter side is three."""
    three = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    for classes in ("mark", "curb"):
        exact = shown(classes).astype(np.uint8)
        hidden = black_after(f"segment/redact:{classes},area=mask,margin=0.25")
        assert hidden[cv2.dilate(exact, three) > 0].all()
        assert not hidden[cv2.dilate(exact, np.ones((9, 9), np.uint8)) == 0].any()


def test_without_classes_all_but_the_background_of_a_map() -> None:
    assert np.array_equal(black_after("segment/redact:area=mask,margin=0"), shown("road+curb+mark"))


@pytest.mark.parametrize("classes", ["person+mark", "person+road+curb+mark"])
def test_objects_and_class_maps_together(classes: str) -> None:
    both = "detect:outlines/segment"
    told = "" if "road" in classes else f"{classes},"  # all that there is is what is hidden without classes
    assert np.array_equal(black_after(f"{both}/redact:{told}area=mask,margin=0"), shown(classes, both))


def test_a_class_map_is_hidden_though_no_object_was_found() -> None:
    models = FakeModels(outlines=())
    assert np.array_equal(
        black_after("detect:outlines/segment/redact:area=mask,margin=0", models), shown("road+curb+mark")
    )


def test_a_class_without_a_name_is_hidden_too() -> None:
    nameless = np.zeros((SIDE, SIDE), np.uint8)
    nameless[50:], nameless[:10] = 7, 255  # a class past the labels; what nothing covers
    hidden = black_after("segment/redact:area=mask,margin=0", FakeModels(maps=[nameless]))
    assert hidden[40:].all()
    assert not hidden[:40].any()


@pytest.mark.parametrize("high", [1, 2])
@pytest.mark.parametrize("wide", [1, 2])
def test_a_part_of_a_pixel_or_two(high: int, wide: int) -> None:
    dot = np.zeros((HEIGHT, WIDTH), np.uint8)
    dot[20 : 20 + high, 30 : 30 + wide] = 255
    (area,) = areas_of(dot, 0)
    found = np.zeros_like(dot)
    area.paint(found, 0, 0)
    assert np.array_equal(found, dot)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.01, 0.99), margin=st.sampled_from([0, 0.3, 5]))
def test_every_pixel_of_any_map_is_hidden(seed: int, share: float, margin: float) -> None:
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH), np.float32)
    plane = np.where(
        cv2.GaussianBlur(noise, (0, 0), 2) < np.quantile(cv2.GaussianBlur(noise, (0, 0), 2), share), 255, 0
    )
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    for area in areas_of(plane.astype(np.uint8), margin):
        area.paint(found, 0, 0)
    assert (found[plane > 0] == 255).all()
    assert margin or np.array_equal(found, plane)


def test_margins_that_overlap_take_no_more_memory_than_the_picture() -> None:
    """256 parts, each of which reaches over all the picture."""
    plane = np.zeros((1600, 1600), np.uint8)
    plane.reshape(16, 100, 16, 100)[:, :90, :, :90] = 255
    assert sum(area.mask.bits.size for area in areas_of(plane, 5) if area.mask) <= 2 * plane.size
    assert len(areas_of(plane, 0)) == 256


@HOW
def test_nothing_outside_of_a_class_changes(how: str) -> None:
    pixels = picture()
    result = apply(f"segment/redact:curb,area=mask,margin=0,how={how}", pixels, models=FakeModels())
    assert np.array_equal(result[~shown("curb")], pixels[~shown("curb")])
    assert (result[shown("curb")] != pixels[shown("curb")]).any()


def test_a_class_in_very_many_parts_is_hidden_as_one() -> None:
    """Every other pixel of each other line: none of them is left, and nothing a margin away from all."""
    dots = np.zeros((SIDE, SIDE), np.uint8)
    dots[50:, ::2] = 1
    dots[51::2] = 0
    hidden = black_after("segment/redact:road,area=mask,margin=0", FakeModels(maps=[dots]))
    where = apply("segment/mask:road", white(), models=FakeModels(maps=[dots]))[:, :, 0] > 0
    assert cv2.connectedComponents(where.astype(np.uint8))[0] > 256
    assert np.array_equal(hidden, where)


@pytest.mark.parametrize("move", ["resize:60", "resize:90", "rotate:20", "blur:9"])
@pytest.mark.parametrize("see", ["detect:outlines", "segment"])
def test_what_an_inverted_cutout_takes_away_is_covered_too(see: str, move: str) -> None:
    """A white picture with a black thing: after the cutout no pixel that is left holds any of it."""
    ground = white()
    thing = apply(f"{see}/mask", white(), models=FakeModels())
    ground[thing[:, :, 0] > 0] = 0
    result = apply(f"{see}/{move}/cutout:invert=true", ground, models=FakeModels())
    assert (result[result[:, :, 3] == 255][:, :3] == 255).all()
    assert (result[:, :, 3] == 255).any()
