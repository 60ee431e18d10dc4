#!/usr/bin/env bash
# Expected: COCO's bbox is the upright box around the object, [x, y, width, height]; for a polygon the smallest and
# largest x and y of its points.
# Instead: LabelmeToCOCO of label-convert 0.3.0 takes two corners of the smallest *rotated* rectangle around it. A
# diamond that is 80 by 80 pixels large gets a box of height 0, a slanted triangle one of height 9 rather than 30; only
# polygons whose sides are upright come out right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check label-convert==0.3.0 pillow==13.0.0

venv/bin/python - <<'PYTHON'
import json
from pathlib import Path

from label_convert.labelme_to_coco import LabelmeToCOCO
from PIL import Image

polygons = {
    "upright": [[10, 10], [30, 10], [30, 40], [10, 40]],
    "diamond": [[50, 10], [90, 50], [50, 90], [10, 50]],
    "triangle": [[20, 60], [80, 70], [30, 90]],
}
Path("data").mkdir()
Image.new("RGB", (100, 100)).save("data/one.png")
shapes = [{"label": name, "shape_type": "polygon", "points": points} for name, points in polygons.items()]
labelme = {"imageHeight": 100, "imageWidth": 100, "imagePath": "one.png", "shapes": shapes}
Path("data/one.json").write_text(json.dumps(labelme))

LabelmeToCOCO("data", "coco", val_ratio=0)()
coco = json.loads(Path("coco/annotations/instances_train2017.json").read_text())
heights = {}
for (name, points), annotation in zip(polygons.items(), coco["annotations"], strict=True):
    xs, ys = zip(*points, strict=True)
    upright = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    heights[name] = annotation["bbox"][3]
    print(f"label-convert 0.3.0, {name}: box of its points {upright}, bbox {annotation['bbox']}")
assert heights["upright"] == 30
assert heights["diamond"] == 0
assert heights["triangle"] < 15
PYTHON
