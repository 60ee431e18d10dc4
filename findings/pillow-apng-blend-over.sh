#!/usr/bin/env bash
# Expected: a frame of an APNG whose blend_op is OVER is composited by its alpha with the simple "over" of the PNG
# specification: half-transparent blue over opaque red is opaque, and what lies over nothing is as it is. A frame whose
# dispose_op is PREVIOUS is undone before the next one is drawn.
# Instead: Pillow 13.0.0 mixes alpha as if it were a colour (half over opaque gets an alpha of 192, half over nothing
# one of 64), and does not undo a frame that was blended over. upng-js 2.1.0 composes the same bytes right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund upng-js@2.1.0

venv/bin/python - <<'PYTHON'
import json
import struct
import zlib
from pathlib import Path

from PIL import Image

RED, BLUE, GREEN, CLEAR = (200, 0, 0, 255), (0, 0, 200, 128), (0, 200, 0, 255), (0, 0, 0, 0)
KEEP, PREVIOUS = 0, 2
FILES = {
    "half-over-opaque": [(RED, KEEP), (BLUE, KEEP)],
    "half-over-nothing": [(CLEAR, KEEP), (BLUE, KEEP)],
    "undone": [(RED, KEEP), (GREEN, PREVIOUS), (CLEAR, KEEP)],
}


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


seen = {}
for name, frames in FILES.items():
    parts = [chunk(b"IHDR", struct.pack(">II5B", 4, 4, 8, 6, 0, 0, 0)), chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    number = 0
    for colour, disposal in frames:
        parts.append(chunk(b"fcTL", struct.pack(">5I2H2B", number, 4, 4, 0, 0, 1, 10, disposal, 1)))
        data = zlib.compress((b"\0" + bytes(colour) * 4) * 4)
        parts.append(chunk(b"fdAT", struct.pack(">I", number + 1) + data) if number else chunk(b"IDAT", data))
        number += 2 if number else 1
    Path(f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b""))
    with Image.open(f"{name}.png") as picture:
        for frame in range(len(frames)):
            picture.seek(frame)
            picture.load()
        seen[name] = picture.convert("RGBA").getpixel((1, 1))
    print(f"Pillow 13.0.0, last frame of {name}: {seen[name]}")
Path("names.json").write_text(json.dumps(list(FILES)))
assert seen["half-over-opaque"][3] < 200
assert seen["half-over-nothing"][3] < 100
assert seen["undone"] == GREEN
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const UPNG = require('upng-js');
const seen = JSON.parse(fs.readFileSync('names.json', 'utf8')).map((name) => {
  const bytes = fs.readFileSync(`${name}.png`);
  const frames = UPNG.toRGBA8(UPNG.decode(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
  const pixel = Array.from(new Uint8Array(frames.at(-1)).slice(20, 24));
  console.log(`upng-js 2.1.0, last frame of ${name}: ${pixel}`);
  return pixel;
});
process.exit(seen[0][3] === 255 && seen[1].join() === '0,0,200,128' && seen[2].join() === '200,0,0,255' ? 0 : 1);
NODE
node probe.cjs
