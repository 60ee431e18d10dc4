#!/usr/bin/env bash
# Expected: imgproxy's option is watermark:opacity:position:x_offset:y_offset:scale, so without an offset the scale
# stands behind three colons. The offset is optional in watermark(opacity, position, offset, scale) of the npm package
# imgproxy.
# Instead: imgproxy 1.4.1 leaves out only one of the two offsets. The scale becomes the vertical offset: the watermark
# stays as large as it was and moves. @imgproxy/imgproxy-node 1.1.0 writes the same options right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund imgproxy@1.4.1 @imgproxy/imgproxy-node@1.1.0

cat > probe.cjs <<'NODE'
const { Imgproxy } = require('imgproxy');
const { generateImageUrl } = require('@imgproxy/imgproxy-node');
const option = (url) => url.split('/').find((part) => /^(wm|watermark):/.test(part)).split(':').slice(1).join(':');
const probed = option(new Imgproxy({ baseUrl: 'https://images.test' }).builder()
  .watermark(0.5, 'ce', undefined, 0.2).generateUrl('https://source.test/a.jpg'));
const other = option(generateImageUrl({
  endpoint: 'https://images.test',
  url: 'https://source.test/a.jpg',
  options: { watermark: { opacity: 0.5, position: 'ce', scale: 0.2 } },
}));
console.log(`@imgproxy/imgproxy-node 1.1.0 ${other}`);
console.log(`imgproxy 1.4.1                ${probed}`);
process.exit(other === '0.5:ce:::0.2' && probed === '0.5:ce::0.2' ? 0 : 1);
NODE
node probe.cjs
