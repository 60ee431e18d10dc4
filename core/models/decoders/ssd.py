"""SSD networks that end in OpenVINO's DetectionOutput."""

import numpy as np

from core.models.candidates import Candidates, select
from core.models.guards import Outputs, as_f32, require_count, require_finite, require_shape
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections
from core.picture import Size


def ssd(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, 1, N, 7]: image, class, score, left, top, right, bottom from 0 to 1. Class 0 is the background.

    The first row whose image is below 0 ends the list; the rows after it are undefined and ignored.
    Source: https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/detection-output-8.html
    """
    require_count(outputs, 1, model)
    require_shape(outputs[0], (1, 1, None, 7), model)
    rows = as_f32(outputs[0], model)[0, 0]
    ends = np.flatnonzero(rows[:, 0] < 0)
    rows = rows[: ends[0]] if ends.size else rows
    require_finite(rows, model)
    rows = rows[rows[:, 2] >= options.score]
    boxes = rows[:, 3:].astype(np.float64) * ([size.width, size.height] * 2)
    classes = np.rint(rows[:, 1].clip(-1e6, 1e6)).astype(np.intp)
    return select(Candidates(boxes, rows[:, 2], classes), model, size, options)[0]
