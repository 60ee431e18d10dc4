"""Non-maximum suppression beside the naive one, and its properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import nms as module
from core.models.nms import nms
from tests.core.models.support import PACE, Box, Seen, naive_nms, overlap

_whole = st.integers(0, 24).map(float)
_boxes = st.tuples(_whole, _whole, st.integers(1, 12), st.integers(1, 12)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)
_seen = st.lists(
    st.builds(Seen, _boxes, st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0]), st.integers(0, 2)), max_size=40
).map(lambda made: [one._replace(place=place) for place, one in enumerate(made)])
_ious = st.sampled_from([0.0, 0.1, 1 / 3, 0.45, 0.5, 2 / 3, 1.0])


def ours(seen: list[Seen], iou: float, most: int = 1000) -> list[int]:
    boxes = np.array([one.box for one in seen], np.float64).reshape(-1, 4)
    scores = np.array([one.score for one in seen], np.float32)
    return nms(boxes, scores, np.array([one.kind for one in seen], np.intp), iou, most).tolist()


@PACE
@given(_seen, _ious, st.integers(0, 50))
def test_equals_the_naive_one(seen: list[Seen], iou: float, most: int) -> None:
    assert ours(seen, iou, most) == [one.place for one in naive_nms(seen, iou, most)]


@PACE
@given(_seen, _ious, st.sampled_from([1, 2, 3, 7]))
def test_blocks_change_nothing(seen: list[Seen], iou: float, block: int) -> None:
    whole = ours(seen, iou)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        assert ours(seen, iou) == whole
        assert ours(seen, iou, 3) == whole[:3]


@PACE
@given(_seen, _ious)
def test_what_stays_does_not_overlap_and_what_goes_does(seen: list[Seen], iou: float) -> None:
    stays = ours(seen, iou)
    for place, one in enumerate(seen):
        better = [seen[other] for other in stays
                  if seen[other].kind == one.kind and (-seen[other].score, other) < (-one.score, place)]  # fmt: skip
        assert (place in stays) == all(overlap(one.box, other.box) <= iou for other in better)


@PACE
@given(_seen, _ious)
def test_doing_it_again_changes_nothing(seen: list[Seen], iou: float) -> None:
    once = [seen[place] for place in ours(seen, iou)]
    assert ours(once, iou) == list(range(len(once)))


@PACE
@given(_seen, _ious)
def test_classes_do_not_meet(seen: list[Seen], iou: float) -> None:
    apart = {place for kind in range(3) for place in _only(seen, kind, iou)}
    assert set(ours(seen, iou)) == apart


def _only(seen: list[Seen], kind: int, iou: float) -> list[int]:
    of_kind = [one for one in seen if one.kind == kind]
    return [of_kind[index].place for index in ours(of_kind, iou)]


THREE: list[tuple[Box, float]] = [((0, 0, 10, 10), 0.5), ((0, 0, 10, 5), 0.5), ((0, 5, 10, 10), 0.9)]


@pytest.mark.parametrize(
    ("iou", "stays"),
    [(0.5, [2, 0, 1]), (0.49, [2, 1]), (0.0, [2, 1]), (1.0, [2, 0, 1])],
    ids=["exactly the threshold stays", "over it goes", "touching is no overlap", "all stay"],
)
def test_threshold(iou: float, stays: list[int]) -> None:
    assert ours([Seen(box, score, 0) for box, score in THREE], iou) == stays


def test_what_a_removed_box_overlapped_stays() -> None:
    chain: list[Box] = [(0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10)]
    assert ours([Seen(box, score, 0) for box, score in zip(chain, (0.9, 0.8, 0.7), strict=True)], 0.4) == [0, 2]


def test_many_boxes_of_few_objects() -> None:
    rng = np.random.default_rng(5)
    centres = rng.integers(0, 8, 3000) * 100.0
    left = centres + rng.normal(0, 2, 3000)
    boxes = np.column_stack([left, left, left + 60, left + 60])
    scores = rng.random(3000).astype(np.float32)
    kept = nms(boxes, scores, np.zeros(3000, np.intp), 0.45, 100)
    assert sorted(centres[kept]) == [100.0 * place for place in range(8)]
    assert all(scores[place] == scores[centres == centres[place]].max() for place in kept)


def test_boxes_without_area_are_not_divided_by() -> None:
    assert ours([Seen((5, 5, 5, 5), 0.9, 0), Seen((5, 5, 5, 5), 0.8, 0)], 0.45) == [0, 1]
