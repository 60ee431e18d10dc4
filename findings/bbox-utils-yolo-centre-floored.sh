#!/usr/bin/env bash
# Expected: YOLO's first two numbers are the middle of the box over the width and the height of the picture, and a box
# that is read from them and written again is the same box.
# Instead: BoundingBox.to_yolo of bbox-utils 0.1.1 takes half of the width and of the height with //, so that the middle
# of a box of an odd side lies half a pixel too far left or up, and that of a box of one pixel on its corner. A box that
# is read from YOLO's format and written to it moves.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check bbox-utils==0.1.1 numpy==2.4.6 pyquaternion==0.9.9

venv/bin/python - <<'PYTHON'
import numpy as np
from bbox_utils import BoundingBox

picture = np.array([10, 10])  # rows, columns
pixel = BoundingBox.from_xyxy(np.array([0, 0]), np.array([1, 1])).to_yolo(picture)
print(f"bbox-utils 0.1.1: the pixel at 0, 0 of 10×10 is {pixel.tolist()}, not [0.05, 0.05, 0.1, 0.1]")
assert pixel.tolist() == [0, 0, 0.1, 0.1]

written = [0.35, 0.65, 0.3, 0.5]
again = BoundingBox.from_yolo(written[:2], written[2], written[3], picture).to_yolo(picture)
print(f"  {written} read and written again is {np.round(again, 4).tolist()}")
assert np.round(again, 4).tolist() == [0.3, 0.6, 0.3, 0.5]
PYTHON
