#!/usr/bin/env bash
# Expected: cv2.Animation.loop_count is how often an animation is shown, 0 for ever (OpenCV's documentation of
# cv::Animation), in each format that imencodeanimation writes. An AVIF that is shown three times has a track that lasts
# three times as long as its edit, which repeats (AOM's AVIF 1.1; libavif has repetitionCount for it).
# Instead: opencv-python-headless 5.0.0.93 keeps the 3 in GIF, WebP and APNG, and writes every AVIF to be shown for ever.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check opencv-python-headless==5.0.0.93

venv/bin/python - <<'PYTHON'
import struct

import cv2
import numpy as np

moving = cv2.Animation()
moving.frames = [np.full((64, 64, 3), 80 * number, np.uint8) for number in range(3)]
moving.durations = np.array([100, 100, 100], np.int32)
moving.loop_count = 3
told = {}
for ending in (".gif", ".webp", ".png", ".avif"):
    file = cv2.imencodeanimation(ending, moving)[1]
    told[ending] = cv2.imdecodeanimation(file)[1].loop_count
    print(f"OpenCV {cv2.__version__}: loop_count 3 in {ending} is read back as {told[ending]}")
data = file.tobytes()
track, edit = data.index(b"tkhd"), data.index(b"elst")
(whole,), (once,) = struct.unpack_from(">Q", data, track + 32), struct.unpack_from(">Q", data, edit + 12)
print(f"the AVIF's edit lasts {once} ms and repeats: {bool(data[edit + 7] & 1)}; its track lasts {whole:#x}, rightly {3 * once}")
assert told == {".gif": 3, ".webp": 3, ".png": 3, ".avif": 0}
assert whole == 2**64 - 1
PYTHON
