#!/usr/bin/env bash
# Expected: average precision ranks detections by their score (The PASCAL Visual Object Classes Challenge, 2010, 4.2); the
# order in which they are handed over is of no matter.
# Instead: mapcalc 0.2.2 takes scores and does not rank by them: a wrong box with the highest score costs a fifth where it
# stands first, and nothing where it stands last. mean-average-precision 2024.1.5.0 says 0.8 for both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mapcalc==0.2.2 mean-average-precision==2024.1.5.0

venv/bin/python - <<'PYTHON'
import numpy as np
from mapcalc import calculate_map
from mean_average_precision import MetricBuilder

truth = [[0, 0, 10, 10], [20, 20, 30, 30], [40, 40, 50, 50], [60, 60, 70, 70]]
right = list(zip(truth, (0.9, 0.8, 0.7, 0.6), strict=True))
wrong = [([80, 80, 90, 90], 0.95)]


def judged(found):
    boxes, scores = [box for box, _ in found], [score for _, score in found]
    theirs = calculate_map(
        {"boxes": truth, "labels": [0] * 4}, {"boxes": boxes, "labels": [0] * len(found), "scores": scores}, 0.5
    )
    metric = MetricBuilder.build_evaluation_metric("map_2d", async_mode=False, num_classes=1)
    metric.add(
        np.array([[*box, 0, score] for box, score in found]), np.array([[*box, 0, 0, 0] for box in truth])
    )
    return round(float(theirs), 3), round(float(metric.value(iou_thresholds=0.5)["mAP"]), 3)


for place, found, wanted in (("first", wrong + right, (0.8, 0.8)), ("last", right + wrong, (1.0, 0.8))):
    seen = judged(found)
    print(f"the wrong box handed over {place}: mapcalc 0.2.2 {seen[0]}, mean-average-precision 2024.1.5.0 {seen[1]}")
    assert seen == wanted
PYTHON
