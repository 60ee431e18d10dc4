#!/usr/bin/env bash
# Expected: in a stream of JPEGs, each with an Exif thumbnail, a frame ends at its own end of image. The thumbnail is a whole
# JPEG inside an APP1 segment, whose length says where it ends (ITU-T T.81, B.1.1.4).
# Instead: pipe2jpeg 0.3.0 and mjpeg-decoder 1.0.3 end a frame at the first 0xFFD9, which is the thumbnail's: what they hand
# out cannot be decoded, and not one frame of the stream comes out whole. Frames without a thumbnail come out as they are.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pipe2jpeg@0.3.0 mjpeg-decoder@1.0.3

cat > made.py <<'PYTHON'
import io
import struct
from pathlib import Path

from PIL import Image

picture, small = Image.new("RGB", (64, 48), "teal"), io.BytesIO()
picture.resize((16, 12)).save(small, "JPEG")
thumbnail = small.getvalue()
first = struct.pack("<HHHII", 1, 0x0112, 3, 1, 1)  # Orientation: as it is
second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
tiff = b"II*\0" + struct.pack("<I", 8) + first + struct.pack("<I", 26) + second
picture.save("without.jpg")
picture.save("with.jpg", exif=b"Exif\0\0" + tiff + thumbnail)
assert len(tiff) == 56 and Path("with.jpg").read_bytes().count(b"\xff\xd9") == 2
assert Image.open("with.jpg").size == (64, 48)
PYTHON
cat > probe.cjs <<'NODE'
const fs = require('fs');
const http = require('http');
const { once } = require('events');
const MjpegDecoder = require('mjpeg-decoder');
const Pipe2Jpeg = require('pipe2jpeg');

async function snapshot(jpeg) {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=part' });
    const head = `--part\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
    response.end(Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\r\n--part--\r\n')]));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const frame = await MjpegDecoder.decoderForSnapshot(`http://127.0.0.1:${server.address().port}/`).takeSnapshot();
  server.close();
  return frame;
}

(async () => {
  for (const name of ['without', 'with']) {
    const jpeg = fs.readFileSync(`${name}.jpg`);
    const splitter = new Pipe2Jpeg();
    const piped = [];
    splitter.on('jpeg', (frame) => piped.push(frame));
    for (let written = 0; written < 3; written++) splitter.write(jpeg);
    splitter.end();
    await once(splitter, 'finish');
    const taken = await snapshot(jpeg);
    fs.writeFileSync(`${name}.pipe2jpeg.jpg`, piped[0]);
    fs.writeFileSync(`${name}.mjpeg-decoder.jpg`, taken);
    const whole = piped.filter((frame) => frame.equals(jpeg)).length;
    const others = Number(taken.equals(jpeg));
    console.log(`${name} thumbnails, frames whole: pipe2jpeg 0.3.0 ${whole} of 3, mjpeg-decoder 1.0.3 ${others} of 1`);
  }
  process.exit(0);
})();
NODE
venv/bin/python made.py
node probe.cjs | tee seen.txt
diff seen.txt - <<'TEXT'
without thumbnails, frames whole: pipe2jpeg 0.3.0 3 of 3, mjpeg-decoder 1.0.3 1 of 1
with thumbnails, frames whole: pipe2jpeg 0.3.0 0 of 3, mjpeg-decoder 1.0.3 0 of 1
TEXT
venv/bin/python - <<'PYTHON'
from PIL import Image

for reader in ("pipe2jpeg", "mjpeg-decoder"):
    Image.open(f"without.{reader}.jpg").load()
    try:
        Image.open(f"with.{reader}.jpg").load()
    except OSError:
        print(f"Pillow 13.0.0 cannot decode what {reader} hands out of a frame with a thumbnail")
    else:
        raise SystemExit(f"{reader}: decoded")
PYTHON
