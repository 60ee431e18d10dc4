#!/usr/bin/env bash
# Expected: PlanarConfiguration 2 stores all of red, then all of green, then all of blue (TIFF 6.0, page 38). UTIF names RGB among
# what it reads.
# Instead: utif 3.1.0 and utif2 4.1.0 take the first plane for pixels: three neighbours' reds become the colours of one, and the
# rest is black, without an error. geotiff 3.0.5 reads it right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund utif@3.1.0 utif2@4.1.0 geotiff@3.0.5

cat > probe.mjs <<'NODE'
import { fromArrayBuffer } from 'geotiff';
import utif from 'utif';
import utif2 from 'utif2';

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
const content = tiff([...Array(6).fill(200), ...Array(6).fill(90), ...Array(6).fill(40)], [
  [256, 4, [6]], // width
  [257, 4, [1]], // height
  [258, 3, [8, 8, 8]], // bits
  [259, 3, [1]], // no compression
  [262, 3, [2]], // RGB
  [273, 4, [8, 14, 20]], // the planes' places
  [277, 3, [3]], // samples a pixel
  [278, 4, [1]], // rows a strip
  [279, 4, [6, 6, 6]], // bytes of the planes
  [284, 3, [2]], // planes
]);
const file = content.buffer.slice(content.byteOffset, content.byteOffset + content.length);
const seen = [utif, utif2].map((library) => {
  const [page] = library.decode(file);
  library.decodeImage(file, page);
  const pixels = library.toRGBA8(page);
  return [0, 2, 4].map((pixel) => [...pixels.slice(4 * pixel, 4 * pixel + 3)].join(' '));
});
const image = await (await fromArrayBuffer(file)).getImage();
const colours = [...(await image.readRGB({ interleave: true }))];
const others = [0, 2, 4].map((pixel) => colours.slice(3 * pixel, 3 * pixel + 3).join(' '));
console.log(`pixels 0, 2, 4 of one colour: utif 3.1.0 ${seen[0]}; utif2 4.1.0 ${seen[1]}; geotiff 3.0.5 ${others}`);
const wrong = seen.every((pixels) => pixels[0] === '200 200 200' && pixels.join() !== others.join());
process.exit(wrong && others.every((colour) => colour === '200 90 40') ? 0 : 1);
NODE
node probe.mjs
