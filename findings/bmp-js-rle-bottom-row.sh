#!/usr/bin/env bash
# Expected: in a run-length encoded BMP of 8 bits (BI_RLE8) the rows are stored from the bottom up, each ended by the
# bytes 0 0. bmp-js, and the fork that is kept up, say that they decode all depths, and accept this compression.
# Instead: bmp-js 0.1.0 and @vingle/bmp-js 0.2.5 put the first stored row, the bottom one, where the top row belongs: that
# overwrites it later, and the bottom of the picture stays white. The same rows without compression come out right, and
# Pillow 13.0.0 reads both alike.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bmp-js@0.1.0 @vingle/bmp-js@0.2.5

venv/bin/python - <<'PYTHON'
import struct
from pathlib import Path

from PIL import Image

palette = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
rows = [[200 - 40 * y] * 8 for y in range(4)]
bodies = {
    "plain": (0, b"".join(bytes(row) for row in reversed(rows))),
    "rle": (1, b"".join(bytes([8, row[0], 0, 0]) for row in reversed(rows)) + b"\0\1"),
}
for name, (compression, body) in bodies.items():
    offset = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, 8, 4, 1, 8, compression, len(body), 2835, 2835, 256, 0)
    Path(f"{name}.bmp").write_bytes(b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + head + palette + body)
    with Image.open(f"{name}.bmp") as picture:
        seen = [picture.convert("L").getpixel((3, y)) for y in range(4)]
    print(f"Pillow 13.0.0, rows of {name}: {seen}")
    assert seen == [200, 160, 120, 80]
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const read = (name, file) => {
  const { data } = require(name).decode(fs.readFileSync(file));
  return [0, 1, 2, 3].map((y) => data[(8 * y + 3) * 4 + 3]).join();
};
const right = ['bmp-js', '@vingle/bmp-js'].map((name) => {
  const [plain, rle] = ['plain.bmp', 'rle.bmp'].map((file) => read(name, file));
  console.log(`${name}: rows of plain ${plain}, of rle ${rle}`);
  return plain === '200,160,120,80' && rle === '200,160,120,255';
});
process.exit(right.every(Boolean) ? 0 : 1);
NODE
node probe.cjs
