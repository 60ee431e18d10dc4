#!/usr/bin/env bash
# Expected: in COCO's format an annotation's category_id is the id of one of the file's categories, and YOLO's class
# numbers count from 0: class 0 of the label files is the first name of the YAML file.
# Instead: YOLOv8ToCOCO of label-convert 0.3.0 counts the categories from 0 and the annotations from 1. Every box gets
# the name of the next class, and the boxes of the last class get a category that is not in the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check label-convert==0.3.0 pillow==13.0.0

venv/bin/python - <<'PYTHON'
import json
from pathlib import Path

from label_convert.yolov8_to_coco import YOLOv8ToCOCO
from PIL import Image

for name in ("images/train", "labels/train"):
    Path("data", name).mkdir(parents=True)
Image.new("RGB", (100, 100)).save("data/images/train/one.jpg")
Path("data/labels/train/one.txt").write_text("0 0.5 0.5 0.2 0.2\n1 0.3 0.3 0.1 0.1\n")
Path("data/names.yaml").write_text("names:\n  0: cat\n  1: dog\n")

YOLOv8ToCOCO("data", "coco", "data/names.yaml")(("train",))
coco = json.loads(Path("coco/annotations/instances_train2017.json").read_text())
names = {category["id"]: category["name"] for category in coco["categories"]}
seen = [names.get(annotation["category_id"], "(none)") for annotation in coco["annotations"]]
print(f"label-convert 0.3.0: a cat and a dog in YOLO's labels, in COCO's {seen}")
assert seen == ["dog", "(none)"]
PYTHON
