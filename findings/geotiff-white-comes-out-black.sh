#!/usr/bin/env bash
# Expected: readRGB() of geotiff turns any picture into RGB. Where PhotometricInterpretation is 0, "WhiteIsZero" (TIFF 6.0,
# page 37), the sample 0 is white, 255, and the largest black, 0.
# Instead: geotiff 3.0.5 subtracts from 256, in arrays of bytes: 0 becomes 256, which is stored as 0. White paper comes out
# black, and every other shade one too light. utif2 4.1.0 reads it right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund geotiff@3.0.5 utif2@4.1.0

cat > probe.mjs <<'NODE'
import { fromArrayBuffer } from 'geotiff';
import utif from 'utif2';

// a TIFF of one directory; every entry is [tag, type, values], and the bytes of the samples follow the header
const tiff = (samples, entries) => {
  const place = 8 + samples.length;
  const file = Buffer.alloc(place + 2 + 12 * entries.length + 4 + 64);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(place, 4);
  Buffer.from(samples).copy(file, 8);
  file.writeUInt16LE(entries.length, place);
  let far = place + 2 + 12 * entries.length + 4;
  entries.forEach(([tag, type, values], number) => {
    const entry = place + 2 + 12 * number;
    const size = type === 3 ? 2 : 4;
    file.writeUInt16LE(tag, entry);
    file.writeUInt16LE(type, entry + 2);
    file.writeUInt32LE(values.length, entry + 4);
    let at = entry + 8;
    if (values.length * size > 4) {
      file.writeUInt32LE(far, at);
      at = far;
      far += values.length * size;
    }
    values.forEach((value, i) => file.writeUIntLE(value, at + i * size, size));
  });
  return file;
};
const samples = [0, 1, 128, 255];
const content = tiff(samples, [
  [256, 4, [4]], // width
  [257, 4, [1]], // height
  [258, 3, [8]], // bits
  [259, 3, [1]], // no compression
  [262, 3, [0]], // WhiteIsZero
  [273, 4, [8]], // the strip's place
  [277, 3, [1]], // samples a pixel
  [278, 4, [1]], // rows a strip
  [279, 4, [4]], // bytes of the strip
]);
const file = content.buffer.slice(content.byteOffset, content.byteOffset + content.length);
const [page] = utif.decode(file);
utif.decodeImage(file, page);
const others = [...utif.toRGBA8(page)].filter((_, place) => place % 4 === 0);
const image = await (await fromArrayBuffer(file)).getImage();
const theirs = [...(await image.readRGB({ interleave: true }))].filter((_, place) => place % 3 === 0);
console.log(`samples ${samples}: geotiff 3.0.5 ${theirs}, utif2 4.1.0 ${others}`);
process.exit(others.join() === '255,254,127,0' && theirs.join() === '0,255,128,1' ? 0 : 1);
NODE
node probe.mjs
