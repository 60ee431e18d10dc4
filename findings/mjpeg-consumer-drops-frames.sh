#!/usr/bin/env bash
# Expected: mjpeg-consumer turns a multipart MJPEG stream into its JPEGs. How a stream is cut into chunks on its way has
# no meaning, and every part's Content-Length says where it ends: the same bytes give the same frames.
# Instead: mjpeg-consumer 2.0.0 looks for one frame in a chunk. Of three small frames that arrive together only the
# first comes out; where every part is a chunk of its own, all but the last come out twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mjpeg-consumer@2.0.0

venv/bin/python - <<'PYTHON'
from PIL import Image

for number, grey in enumerate((20, 120, 220), 1):
    Image.new("L", (32, 32), grey).save(f"{number}.jpg")
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const Consumer = require('mjpeg-consumer');
const frames = [1, 2, 3].map((number) => fs.readFileSync(`${number}.jpg`));
const head = (frame) => Buffer.from(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${frame.length}\r\n\r\n`);
const parts = frames.map((frame) => Buffer.concat([head(frame), frame, Buffer.from('\r\n')]));
const seen = async (chunks) => {
  const consumer = new Consumer();
  const found = [];
  consumer.on('data', (data) => found.push(1 + frames.findIndex((frame) => frame.equals(data))));
  chunks.forEach((chunk) => consumer.write(chunk));
  consumer.end();
  await new Promise((resolve) => consumer.on('end', resolve));
  return found.join();
};
(async () => {
  const together = await seen([Buffer.concat(parts)]);
  const apart = await seen(parts);
  console.log(`mjpeg-consumer 2.0.0, frames 1,2,3: in one chunk ${together}; in three chunks ${apart}`);
  process.exit(together === '1' && apart === '1,1,2,2,3' ? 0 : 1);
})();
NODE
node probe.cjs
