#!/usr/bin/env bash
# Expected: buffer-image-size reads an SVG's size from width and height or, where those lack, from viewBox: an icon with
# viewBox="0 0 24 24" is 24 x 24, as it is without a stroke.
# Instead: buffer-image-size 0.6.4 takes the first attribute whose name ends in "width": with stroke-width="1.5", as outlined
# icons have it on the root, the icon is 1 x 1, and with stroke-width="3" before width="64" 3 pixels wide. image-size 2.1.0 reads
# all right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund buffer-image-size@0.6.4 image-size@2.1.0

cat > probe.mjs <<'NODE'
import bufferImageSize from 'buffer-image-size';
import { imageSize } from 'image-size';

const attributes = ['viewBox="0 0 24 24"', 'viewBox="0 0 24 24" stroke-width="1.5"', 'stroke-width="3" width="64" height="32"'];
const seen = attributes.map((some) => {
  const file = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" fill="none" ${some}><path d="M4 4h9"/></svg>`);
  const sizes = [bufferImageSize, imageSize].map((read) => {
    const { width, height } = read(file);
    return `${width}x${height}`;
  });
  console.log(`${some}: buffer-image-size 0.6.4 ${sizes[0]}, image-size 2.1.0 ${sizes[1]}`);
  return sizes.join();
});
process.exit(seen.join(' ') === '24x24,24x24 1x1,24x24 3x32,64x32' ? 0 : 1);
NODE
node probe.mjs
