#!/usr/bin/env bash
# Expected: PNG specification, third edition, filtering: each pass of an interlaced picture is filtered as a picture of its
# own, so above its first row there is nothing but zeros, whatever the pass before ended with.
# Instead: @vivaxy/png 1.3.0 takes the last row of the pass before. An interlaced picture is decoded right only if no pass
# begins with the filters Up, Average or Paeth: most pixels of the ramp below are wrong, without an error. Pillow 13.0.0
# reads it right, and so does @vivaxy/png where the first rows of passes are not filtered.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @vivaxy/png@1.3.0

venv/bin/python - <<'PYTHON'
import struct
import zlib
from pathlib import Path

from PIL import Image

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
SIDE, NONE, UP = 16, 0, 2


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


for name, first in (("none", NONE), ("up", UP)):
    data = b""
    for x, y, across, down in ADAM7:
        above = [0] * len(range(x, SIDE, across))
        for number, line in enumerate(range(y, SIDE, down)):
            row = [10 + 7 * column + 8 * line for column in range(x, SIDE, across)]
            kind = UP if number else first
            data += bytes([kind, *((grey - (up if kind else 0)) % 256 for grey, up in zip(row, above, strict=True))])
            above = row
    parts = [chunk(b"IHDR", struct.pack(">II5B", SIDE, SIDE, 8, 0, 0, 0, 1)), chunk(b"IDAT", zlib.compress(data))]
    Path(f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b""))
    with Image.open(f"{name}.png") as picture:
        assert list(picture.tobytes()) == [10 + 7 * x + 8 * y for y in range(SIDE) for x in range(SIDE)]
    print(f"Pillow 13.0.0, first rows {name}: right")
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const { decode } = require('@vivaxy/png');
const wrong = ['none', 'up'].map((name) => {
  const { data } = decode(fs.readFileSync(`${name}.png`));
  let count = 0;
  for (let i = 0; i < 256; i++) count += data[4 * i] !== 10 + 7 * (i % 16) + 8 * Math.floor(i / 16) ? 1 : 0;
  console.log(`@vivaxy/png 1.3.0, first rows ${name}: ${count} of 256 pixels wrong`);
  return count;
});
process.exit(wrong[0] === 0 && wrong[1] > 128 ? 0 : 1);
NODE
node probe.cjs
