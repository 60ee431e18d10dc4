#!/usr/bin/env bash
# Expected: GIF89a, appendix E: an interlaced picture stores every eighth row first, then those between; a decoder puts
# the rows back in their order. pygif calls itself an encoder and decoder and shows get_pixels() for the picture's
# pixels, write_image() for the way back.
# Instead: get_pixels() of pygif 0.5 hands out the rows of an interlaced GIF in the order they are stored in, and
# write_image(..., interlace=True) stores them in the picture's order: other readers show a scrambled picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pygif==0.5 pillow==13.0.0

venv/bin/python - <<'PYTHON'
import io

import gif
from PIL import Image

rows = list(range(32))
ramp = Image.new("P", (16, 32))
ramp.putpalette([8 * row for row in rows for _ in range(3)])
ramp.putdata([row for row in rows for _ in range(16)])
read = {}
for interlace in (0, 1):
    stream = io.BytesIO()
    ramp.save(stream, "GIF", interlace=interlace, optimize=False)
    reader = gif.Reader()
    reader.feed(stream.getvalue())
    picture = next(block for block in reader.blocks if isinstance(block, gif.Image))
    read[interlace] = picture.get_pixels()[::16]
print(f"pygif 0.5 reads rows, plain: {read[0][:6]} ..., interlaced: {read[1][:6]} ...")

stream = io.BytesIO()
writer = gif.Writer(stream)
writer.write_header()
writer.write_screen_descriptor(16, 32, has_color_table=True, depth=5)
writer.write_color_table([(8 * row,) * 3 for row in rows], 5)
writer.write_image(16, 32, 5, list(ramp.tobytes()), interlace=True)
writer.write_trailer()
with Image.open(io.BytesIO(stream.getvalue())) as picture:
    written = [picture.convert("L").getpixel((0, row)) // 8 for row in rows]
print(f"pygif 0.5 writes rows, interlaced, as Pillow 13.0.0 reads them: {written[:6]} ...")
assert read[0] == rows
assert read[1][:6] == [0, 8, 16, 24, 4, 12]
assert written != rows
PYTHON
