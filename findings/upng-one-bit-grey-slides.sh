#!/usr/bin/env bash
# Expected: PNG specification, section 7.2 (Scanlines): each scanline begins on a byte boundary, so a 1-bit greyscale
# row of 10 pixels takes two bytes and the spare bits mean nothing.
# Instead: upng-js 2.1.0 (toRGBA8) goes on inside the row's spare bits: unless the width is a multiple of 8, every
# row after the first is shifted. The same pixels at 16 wide, and pngjs 7.0.0 on the same bytes, come out right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund upng-js@2.1.0 pngjs@7.0.0

cat > probe.cjs <<'NODE'
const zlib = require('zlib');
const UPNG = require('upng-js');
const { PNG } = require('pngjs');

function crc32(data) {
  let crc = -1;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
// The left half of every row is white, the right half black.
function halves(width, height) {
  const stride = Math.ceil(width / 8);
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width / 2; x += 1) rows[y * (stride + 1) + 1 + (x >> 3)] |= 0x80 >> (x & 7);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
const wrong = [16, 10].map((width) => {
  const png = halves(width, 4);
  const right = PNG.sync.read(png).data;
  const array = png.buffer.slice(png.byteOffset, png.byteOffset + png.length);
  const seen = new Uint8Array(UPNG.toRGBA8(UPNG.decode(array))[0]);
  return seen.filter((value, i) => i % 4 === 0 && value !== right[i]).length;
});
console.log(`upng-js 2.1.0: wrong pixels of 64 at 16 wide: ${wrong[0]}, of 40 at 10 wide: ${wrong[1]}`);
process.exit(wrong[0] === 0 && wrong[1] > 0 ? 0 : 1);
NODE
node probe.cjs
