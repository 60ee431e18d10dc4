#!/usr/bin/env bash
# Expected: tiff reads greyscale and RGB of 8, 16 and 32 bits, says its documentation, and it reads tiles (TIFF 6.0, section 15).
# Instead: tiff 7.1.3 takes one sample a pixel from a tile, whatever their number: of a tiled RGB picture red holds the samples
# of all channels in turn, green and blue are 0, without an error. Greyscale in tiles and RGB in strips come out right;
# geotiff 3.0.5 reads all three.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund tiff@7.1.3 geotiff@3.0.5

cat > probe.mjs <<'NODE'
import { fromArrayBuffer } from 'geotiff';
import { decode } from 'tiff';

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
const picture = (channels, tiled) => {
  const samples = Array.from({ length: 256 * channels }, (_, i) => [200, 90, 40][i % channels]);
  const layout = [[322, 4, [16]], [323, 4, [16]], [324, 4, [8]], [325, 4, [samples.length]]];
  const strip = [[273, 4, [8]], [278, 4, [16]], [279, 4, [samples.length]]];
  const entries = [
    [256, 4, [16]], // width
    [257, 4, [16]], // height
    [258, 3, Array(channels).fill(8)], // bits
    [259, 3, [1]], // no compression
    [262, 3, [channels === 3 ? 2 : 1]], // RGB or BlackIsZero
    [277, 3, [channels]], // samples a pixel
    ...(tiled ? layout : strip), // where the samples are
  ];
  return tiff(samples, entries.sort((one, two) => one[0] - two[0]));
};
const seen = [];
for (const [name, channels, tiled] of [['grey, tiles', 1, true], ['RGB, strips', 3, false], ['RGB, tiles', 3, true]]) {
  const content = picture(channels, tiled);
  const file = content.buffer.slice(content.byteOffset, content.byteOffset + content.length);
  const image = await (await fromArrayBuffer(file)).getImage();
  const others = [...(await image.readRasters({ interleave: true }))].slice(0, 6).join(' ');
  const theirs = [...decode(file)[0].data].slice(0, 6).join(' ');
  console.log(`${name}: tiff 7.1.3 ${theirs}, geotiff 3.0.5 ${others}`);
  seen.push(theirs === others);
}
process.exit(seen.join() === 'true,true,false' ? 0 : 1);
NODE
node probe.mjs
