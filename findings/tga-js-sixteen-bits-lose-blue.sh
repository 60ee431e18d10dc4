#!/usr/bin/env bash
# Expected: a pixel of 16 bits in a TGA (Truevision's specification, version 2.0) has five bits each of red, green and blue, blue
# in the lowest: 0x001f is blue, 0x7fff white.
# Instead: tga-js 1.1.1 moves blue three bits down where it moves red and green up: blue becomes 3 of 255, and white yellow.
# @lunapaint/tga-codec 0.2.0 reads both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund tga-js@1.1.1 @lunapaint/tga-codec@0.2.0

cat > probe.mjs <<'NODE'
import { decodeTga } from '@lunapaint/tga-codec';
import TgaLoader from 'tga-js';

const file = new Uint8Array(18 + 8);
file.set([0, 0, 2]); // colours, no palette
file.set([4, 0, 1, 0, 16, 0x20], 12); // 4 x 1, 16 bits, the top row first
[0x7c00, 0x03e0, 0x001f, 0x7fff].forEach((value, pixel) => file.set([value & 255, value >> 8], 18 + 2 * pixel));
const colours = (data) => [0, 1, 2, 3].map((pixel) => [...data.slice(4 * pixel, 4 * pixel + 3)].join(' ')).join();
const loader = new TgaLoader();
loader.load(file);
const theirs = colours(loader.getImageData({ width: 4, height: 1, data: new Uint8ClampedArray(16) }).data);
const others = colours((await decodeTga(file)).image.data);
console.log(`red, green, blue, white: tga-js 1.1.1 ${theirs}; @lunapaint/tga-codec 0.2.0 ${others}`);
process.exit(theirs === '248 0 0,0 248 0,0 0 3,248 248 3' && others === '255 0 0,0 255 0,0 0 255,255 255 255' ? 0 : 1);
NODE
node probe.mjs
