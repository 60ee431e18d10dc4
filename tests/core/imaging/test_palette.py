"""Few colours for many."""

import numpy as np
from skimage.color import rgb2lab

from core.imaging.palette import color_cells, dominant, nearest_colors, occupied_cells, sample
from tests.conftest import made_picture

BGR = made_picture(3)


def test_sample_takes_all_of_a_small_picture_and_few_of_a_large() -> None:
    assert np.array_equal(sample(BGR), BGR.reshape(-1, 3))
    assert 10_000 < len(sample(np.zeros((3000, 4000, 3), np.uint8))) <= 17_000
    assert 0 < len(sample(np.zeros((3, 16384, 1), np.uint8))) <= 17_000


def test_dominant_finds_the_centres_of_clouds() -> None:
    centres = np.array([(30, 30, 200), (200, 180, 20), (90, 220, 90)])
    counts = (5000, 3000, 1000)
    noise = np.random.default_rng(2).normal(0, 4, (9000, 3))
    cloud = np.clip(np.repeat(centres, counts, axis=0) + noise, 0, 255).astype(np.uint8)
    colors, found = dominant(cloud, 3)
    assert found.tolist() == list(counts)
    assert np.abs(colors - centres).max() < 1.5


def test_dominant_is_the_same_each_time() -> None:
    first, again = dominant(sample(BGR), 12), dominant(sample(BGR), 12)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])


def test_nearest_agrees_with_a_search_in_each_cell() -> None:
    chosen, _ = dominant(sample(BGR), 6)
    table = nearest_colors(chosen, occupied_cells(BGR))
    lab, result, palette = (rgb2lab(part[..., ::-1] / 255) for part in (BGR, table[color_cells(BGR)], np.rint(chosen)))
    least = np.linalg.norm(lab[:, :, None] - palette, axis=3).min(axis=2)
    assert (np.linalg.norm(lab - result, axis=2) - least).max() < 4, "a cell is four values wide"
