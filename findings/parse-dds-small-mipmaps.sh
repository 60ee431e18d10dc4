#!/usr/bin/env bash
# Expected: a BC1 (DXT1) texture is stored in whole blocks of 4 by 4 pixels, so the mipmaps of a 12 by 12 picture (12, 6,
# 3, 1) take 9, 4, 1 and 1 blocks of 8 bytes, one behind the other. Microsoft's guide to DDS rounds each side up.
# Instead: parse-dds 1.2.1 multiplies fractions of blocks: it says 18 bytes rather than 32 for the second level, and
# every level behind that begins too early, in the middle of other blocks. Sides that are powers of 2 are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund parse-dds@1.2.1

cat > probe.cjs <<'NODE'
const parse = require('parse-dds');
const texture = (side, blocks) => {
  const header = new Int32Array(32);
  header.set([0x20534444, 124, 0x000a1007, side, side, blocks[0] * 8, 0, blocks.length]);
  header.set([32, 4, 'DXT1'.split('').reduce((code, letter, i) => code + (letter.charCodeAt(0) << (8 * i)), 0)], 19);
  header[27] = 0x00401008;
  const bytes = new Uint8Array(128 + 8 * blocks.reduce((sum, count) => sum + count));
  bytes.set(new Uint8Array(header.buffer));
  return bytes.buffer;
};
const levels = (side, blocks) => {
  const seen = parse(texture(side, blocks)).images.map(({ offset, length }) => `${offset}+${length}`).join();
  let offset = 128;
  const right = blocks.map((count) => { offset += 8 * count; return `${offset - 8 * count}+${8 * count}`; }).join();
  console.log(`side ${side}, offset+length of the levels: stored ${right}; parse-dds 1.2.1 ${seen}`);
  return [right, seen];
};
const [right, seen] = levels(8, [4, 1, 1, 1]);
const [, odd] = levels(12, [9, 4, 1, 1]);
process.exit(right === seen && odd === '128+72,200+18,218+8,226+8' ? 0 : 1);
NODE
node probe.cjs
