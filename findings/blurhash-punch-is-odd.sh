#!/usr/bin/env bash
# Expected: the last argument of decode(), the number "punch", scales the contrast of a placeholder, so that 2 is
# weaker than 3 and 0.5 weaker than 1. Both READMEs give it the type number; fast-blurhash calls itself a drop-in.
# Instead: blurhash 2.0.5 and fast-blurhash 1.2.0 both take "punch | 1", a bitwise or: 2 gives the pixels of 3, and
# 0.5 those of 1. No fraction and no even number has an effect of its own, and nothing says so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund blurhash@2.0.5 fast-blurhash@1.2.0

cat > probe.mjs <<'NODE'
import { encode, decode } from 'blurhash';
import { decodeBlurHash } from 'fast-blurhash';

const pixels = new Uint8ClampedArray(32 * 32 * 4);
for (let i = 0; i < 32 * 32; i += 1) pixels.set([110 + (i % 32), 120 + (i >> 5), 128, 255], i * 4);
const hash = encode(pixels, 32, 32, 4, 3);
let holds = true;
for (const [name, read] of [['blurhash 2.0.5', decode], ['fast-blurhash 1.2.0', decodeBlurHash]]) {
  const at = (punch) => [...read(hash, 16, 16, punch)].join();
  const twoIsThree = at(2) === at(3);
  const halfIsOne = at(0.5) === at(1);
  const oneIsThree = at(1) === at(3);
  console.log(`${name}: punch 2 = punch 3 ${twoIsThree}, punch 0.5 = punch 1 ${halfIsOne}, punch 1 = punch 3 ${oneIsThree}`);
  holds = holds && twoIsThree && halfIsOne && !oneIsThree;
}
process.exit(holds ? 0 : 1);
NODE
node probe.mjs
