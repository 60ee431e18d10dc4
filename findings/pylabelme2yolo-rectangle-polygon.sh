#!/usr/bin/env bash
# Expected: in YOLO's labels four numbers after the class are a box: centre and size. LabelMe stores a rectangle as two
# of its corners, so the rectangle needs those four numbers, or all its corners as a polygon.
# Instead: with output_format="polygon" pylabelme2yolo 0.1.2 writes the two corners. A reader takes them for centre and
# size: the rectangle from (10, 20) to (40, 60) is read as one around (10, 20), reaching out of the picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pylabelme2yolo==0.1.2 pillow==13.0.0

venv/bin/python - <<'PYTHON'
import json
from pathlib import Path

from PIL import Image
from pylabelme2yolo.converter import convert_labelme_to_yolo

corners = [[10, 20], [40, 60]]
Path("data").mkdir()
Path("data/classes.txt").write_text("0: cat\n")
Image.new("RGB", (100, 100)).save("data/one.jpg")
shape = {"label": "cat", "shape_type": "rectangle", "points": corners}
labelme = {"imageHeight": 100, "imageWidth": 100, "imagePath": "one.jpg", "shapes": [shape]}
Path("data/one.json").write_text(json.dumps(labelme))

seen = {}
for output_format in ("bbox", "polygon"):
    convert_labelme_to_yolo(Path("data"), val_size=0, output_format=output_format)
    _, x, y, width, height = map(float, Path("data/data/labels/train/one.txt").read_text().split())
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    seen[output_format] = [round(100 * edge) for edge in box]
    print(f"pylabelme2yolo 0.1.2, {corners} as {output_format}: read as {seen[output_format]}")
assert seen["bbox"] == [10, 20, 40, 60]
assert seen["polygon"] == [-10, -10, 30, 50]
PYTHON
