#!/usr/bin/env bash
# Expected: with class_ids lsnms.nms promises a class-wise suppression, and of the boxes it asks only that x1 >= x0 and
# y1 >= y0. Boxes of different classes leave each other alone, wherever the origin of the coordinates is.
# Instead: lsnms 0.5.0 moves each class by a step that follows from the largest coordinate alone. A box left of or above the
# origin, as in pictures whose coordinates count from their centre, is moved onto one of another class and suppressed by
# it. Both backends do so; the same boxes moved by 100 are all kept.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check lsnms==0.5.0

venv/bin/python - <<'PYTHON'
import numpy as np
from lsnms import nms

boxes = np.array([[40, 40, 50, 50], [-12, 40, -2, 50], [40, -12, 50, -2]], float)
scores, classes = np.array([0.9, 0.8, 0.7]), np.array([0, 1, 1])
for backend in ("rust", "numba"):
    kept = [sorted(nms(boxes + moved, scores, 0.5, class_ids=classes, backend=backend).tolist()) for moved in (100, 0)]
    print(f"lsnms 0.5.0, {backend}, three boxes apart: kept of those moved by 100 {kept[0]}, of those as they are {kept[1]}")
    assert kept[0] == [0, 1, 2]
    assert len(kept[1]) == 2
PYTHON
