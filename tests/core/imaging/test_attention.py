"""Where a window must lie to keep what draws attention."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.attention import most_salient, saliency
from core.imaging.geometry import Box
from core.picture import Size
from tests.conftest import made_picture

WHERE = [(5, 5), (250, 10), (10, 150), (255, 160), (130, 80)]


def with_patch(patch: NDArray[np.uint8], at: tuple[int, int], ground: int = 128) -> NDArray[np.uint8]:
    """A plain picture of 300 × 200 with a patch of 40 × 35."""
    pixels = np.full((200, 300, patch.shape[2]), ground, np.uint8)
    x, y = at
    pixels[y : y + 35, x : x + 40] = patch
    return pixels


PATCHES = {
    "texture": made_picture(1, 40, 35),
    "saturation": np.full((35, 40, 3), (20, 20, 230), np.uint8),
    "skin": np.full((35, 40, 3), (140, 165, 215), np.uint8),
}


@pytest.mark.parametrize("at", WHERE, ids=str)
@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_the_window_holds_what_draws_attention(patch: NDArray[np.uint8], at: tuple[int, int]) -> None:
    box = most_salient(with_patch(patch, at), Size(90, 80))
    assert (box.width, box.height) == (90, 80)
    assert box.x <= at[0] + 2
    assert box.y <= at[1] + 2
    assert box.x + box.width >= at[0] + 38
    assert box.y + box.height >= at[1] + 33


@pytest.mark.parametrize("size", [(300, 200), (300, 20), (20, 200), (1, 1), (299, 199)], ids=str)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_window_lies_in_the_picture(size: tuple[int, int], channels: int) -> None:
    box = most_salient(made_picture(channels, 300, 200), Size(*size))
    assert 0 <= box.x <= 300 - size[0]
    assert 0 <= box.y <= 200 - size[1]


@pytest.mark.parametrize("shape", [(200, 300), (1, 300), (300, 1), (3000, 5)], ids=str)
def test_nothing_draws_attention_then_the_middle(shape: tuple[int, int]) -> None:
    width, height = max(1, shape[1] // 2), max(1, shape[0] // 2)
    box = most_salient(np.full((*shape, 3), 50, np.uint8), Size(width, height))
    assert abs(box.x - (shape[1] - width) / 2) <= max(1, shape[1] / 100)
    assert abs(box.y - (shape[0] - height) / 2) <= max(1, shape[0] / 100)


def test_the_invisible_draws_none() -> None:
    pixels = np.dstack([with_patch(PATCHES["saturation"], (10, 10)), np.zeros((200, 300), np.uint8)])
    assert saliency(pixels).max() == 0


def test_skin_without_edges_is_a_wall() -> None:
    pixels = with_patch(PATCHES["texture"].repeat(3, axis=2), (230, 60))
    pixels[:, :150] = (140, 165, 215)
    assert most_salient(pixels, Size(80, 80)).x > 150


def test_a_real_face_stays(data: object) -> None:
    box = most_salient(cv2.imread(f"{data}/images/coral/grace_hopper.bmp"), Size(300, 300))
    assert _holds(box, (200, 120, 330, 260))


def _holds(box: Box, face: tuple[int, int, int, int]) -> bool:
    left, top, right, bottom = face
    return box.x <= left and box.y <= top and box.x + box.width >= right and box.y + box.height >= bottom
