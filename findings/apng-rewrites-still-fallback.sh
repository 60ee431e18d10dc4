#!/usr/bin/env bash
# Expected: apng opens and saves any APNG. The PNG specification, third edition (section 11.3.6.1, acTL), says that
# num_frames must equal the number of fcTL chunks, and a default image without an fcTL is no frame of the animation.
# Instead: apng 0.3.4 counts the still fallback as a frame but writes no fcTL for it. Open and save without a change
# turns a good APNG of two frames into one that announces three: Pillow 13.0.0 then raises OSError on the last.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0 apng==0.3.4

venv/bin/python - <<'PYTHON'
import struct

import apng
from PIL import Image


def announced_and_present(path):
    data = open(path, "rb").read()
    return struct.unpack(">I", data[data.index(b"acTL") + 4 :][:4])[0], data.count(b"fcTL")


frames = [Image.new("RGB", (30, 20), (80 * i, 40, 90)) for i in range(3)]
frames[0].save("good.png", save_all=True, append_images=frames[1:], duration=100, default_image=True)
apng.APNG.open("good.png").save("saved.png")

before, after = announced_and_present("good.png"), announced_and_present("saved.png")
problem = "none"
try:
    with Image.open("saved.png") as picture:
        for index in range(picture.n_frames):
            picture.seek(index)
            picture.load()
except (OSError, EOFError, SyntaxError) as error:
    problem = type(error).__name__
print(f"apng 0.3.4: frames announced and present: {before} before, {after} after open and save; Pillow: {problem}")
assert before == (2, 2)
assert after == (3, 2)
assert problem != "none"
PYTHON
