#!/usr/bin/env bash
# Expected: decode() of bmp-ts takes toRGBA, to "switch the output to big endian RGBA, making it compatible with other libraries
# like pngjs", shown with a BMP of 24 bits; all depths are supported.
# Instead: bmp-ts 1.0.9 gives every pixel of 24 bits the alpha 0, so that the PNG which pngjs makes of it shows nothing, and leaves
# palettes in the order A, B, G, R with alpha 0: pure red is 0, 0, 0, 255, an opaque black. bmpimagejs 1.0.4 reads both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bmp-ts@1.0.9 bmpimagejs@1.0.4

cat > probe.cjs <<'NODE'
const { decode } = require('bmp-ts');
const bmpimage = require('bmpimagejs');
const bitmap = (bits, palette, row) => {
  const header = Buffer.alloc(54);
  header.write('BM', 'latin1');
  header.writeUInt32LE(54 + palette.length + row.length, 2);
  header.writeUInt32LE(54 + palette.length, 10);
  [40, 4, 1].forEach((value, i) => header.writeInt32LE(value, 14 + 4 * i));
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(row.length, 34);
  header.writeUInt32LE(palette.length / 4, 46);
  return Buffer.concat([header, Buffer.from(palette), Buffer.from(row)]);
};
const red = [0, 0, 255];
const files = { 24: bitmap(24, [], [...red, ...red, ...red, ...red]), 8: bitmap(8, [...red, 0, 0, 255, 0, 0], [0, 0, 0, 0]) };
const seen = [24, 8].map((bits) => {
  const file = files[bits];
  const theirs = [...decode(file, { toRGBA: true }).data.slice(0, 4)];
  const others = [...bmpimage.decode(file.buffer.slice(file.byteOffset, file.byteOffset + file.length)).pixels.slice(0, 4)];
  console.log(`red of ${bits} bits: bmp-ts 1.0.9 ${theirs}, bmpimagejs 1.0.4 ${others}`);
  return `${theirs}/${others}`;
});
process.exit(seen.join(' ') === '255,0,0,0/255,0,0,255 0,0,0,255/255,0,0,255' ? 0 : 1);
NODE
node probe.cjs
