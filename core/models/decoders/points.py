"""Networks that give the points of a body: MoveNet, and heatmaps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelOutputError
from core.models.candidates import Candidates, select
from core.models.guards import Outputs, as_f32, floats, mismatch, probabilities, require_count, require_finite
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size

_BODY = 17
"""Points of COCO's bodies, which is what MoveNet gives."""
_LEAST = 2
"""Fewer points make no box."""
_FARTHEST = 2.0
"""Heatmaps are trained towards 0 to 1 and pass that by a little: what is further off are not they."""


def movenet(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, 1, 17, 3]: y, x from 0 to 1 and score of each point of one body; or [1, bodies, 56]: MoveNet MultiPose.

    Of one body the score is the mean of its points', and its box is around those over the minimum score. MultiPose's 56
    are the 17 points, then top, left, bottom, right from 0 to 1, and the score.
    Source: https://www.tensorflow.org/hub/tutorials/movenet, https://www.kaggle.com/models/google/movenet.
    """
    require_count(outputs, 1, model)
    _require_names(_BODY, model)
    output = outputs[0]
    if output.ndim == 3:
        rows = floats(output, (1, None, 3 * _BODY + 5), model)[0]
        return _bodies(rows, model, size, options)
    points = floats(output, (1, 1, _BODY, 3), model)[0, 0]
    return _one_body(points[:, [1, 0]] * [size.width, size.height], points[:, 2], model, size, options)


def _bodies(rows: Floats, model: Model, size: Size, options: DetectionOptions) -> Detections:
    places = rows[:, : 3 * _BODY].reshape(-1, _BODY, 3)[:, :, [1, 0, 2]] * [size.width, size.height, 1]
    boxes = rows[:, 3 * _BODY :][:, [1, 0, 3, 2]].astype(np.float64) * ([size.width, size.height] * 2)
    enough = np.flatnonzero(rows[:, -1] >= options.score)
    seen = Candidates(boxes[enough], rows[enough, -1], np.zeros_like(enough))
    found, kept = select(seen, model, size, options, overlapping=True)
    return found._replace(keypoints=_checked(places[enough[kept]], model))


def heatmaps(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, points, h, w]: one map a point, highest where it is: SimpleBaseline, HRNet and their like.

    There is one body a picture. A point lies at its map's highest pixel, a quarter of a pixel towards the higher
    neighbour on each axis, and has that pixel's value as its score. The body's score is the mean of all, its box is
    around those over the minimum score.
    Source: https://arxiv.org/abs/1804.06208, §2; https://github.com/leoxiaobin/deep-high-resolution-net.pytorch.
    """
    require_count(outputs, 1, model)
    maps = floats(outputs[0], (1, None, None, None), model)[0]
    count, height, width = maps.shape
    if not maps.size:
        raise mismatch(model, "[1, points, h, w]", list(outputs[0].shape))
    if not model.keypoints:
        raise mismatch(model, 'names of keypoints ("keypoints" in the table)', "none")
    _require_names(count, model)
    flat = maps.reshape(count, -1)
    highest = flat.argmax(axis=1)
    down, across = np.divmod(highest, width)
    scores = flat[np.arange(count), highest]
    if np.abs(scores).max() > _FARTHEST:
        raise ModelOutputError(f'The output of "{model.name}" holds heatmaps outside 0 to 1.')
    places = np.column_stack([across, down]) + _quarters(maps, across, down)
    places = places * [size.width / width, size.height / height] + 0.5  # a pixel's middle, in edge coordinates
    return _one_body(places, scores.clip(0, 1), model, size, options)


def _quarters(maps: Floats, across: NDArray[np.intp], down: NDArray[np.intp]) -> NDArray[np.float64]:
    """A quarter of a pixel towards the higher neighbour, K×2; none where a pixel lies near the edge."""
    _, height, width = maps.shape
    every = np.arange(len(maps))
    inner = (across > 1) & (across < width - 1) & (down > 1) & (down < height - 1)
    x, y = (np.where(inner, place, 0) for place in (across, down))
    right, below = np.minimum(x + 1, width - 1), np.minimum(y + 1, height - 1)
    sides = [(maps[every, y, right], maps[every, y, x - 1]), (maps[every, below, x], maps[every, y - 1, x])]
    slopes = np.column_stack([after.astype(np.float64) - before for after, before in sides])
    return 0.25 * np.sign(slopes) * inner[:, np.newaxis]


def _one_body(places: NDArray[Any], scores: Floats, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """The body of these points (K×2, pixels of the input), where enough of them are over the minimum score."""
    scores = probabilities(scores, model)
    sure = scores >= options.score
    whole = np.array([np.mean(scores, dtype=np.float32)])
    if sure.sum() < _LEAST or whole[0] < options.score:
        empty = select(Candidates(np.empty((0, 4)), scores[:0], np.empty(0, np.intp)), model, size, options)[0]
        return empty._replace(keypoints=np.empty((0, len(places), 3), np.float32))
    box = np.hstack([places[sure].min(axis=0), places[sure].max(axis=0)]).astype(np.float64)[np.newaxis]
    found, kept = select(Candidates(box, whole, np.zeros(1, np.intp)), model, size, options)
    keypoints = np.column_stack([places, scores])[np.newaxis]
    return found._replace(keypoints=_checked(keypoints[kept], model))


def _checked(keypoints: NDArray[Any], model: Model) -> Floats:
    """N×K×3 as f32, scores from 0 to 1."""
    points = as_f32(keypoints, model)
    require_finite(points, model)
    points[:, :, 2] = probabilities(points[:, :, 2], model)
    return points


def _require_names(count: int, model: Model) -> None:
    """Raise ModelMismatchError if the table names keypoints, and more or fewer than the network gives."""
    if model.keypoints and len(model.keypoints) != count:
        raise mismatch(model, f'{len(model.keypoints)} points, as many as "keypoints" names', count)
