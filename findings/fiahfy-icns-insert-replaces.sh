#!/usr/bin/env bash
# Expected: insert(image, index) of @fiahfy/icns and @fiahfy/ico "inserts" an image at a place, says their documentation;
# remove(index) is there to take one away.
# Instead: in @fiahfy/icns 0.0.7 and @fiahfy/ico 0.0.5 the image that stood there is gone: a file of two sizes into which a
# third is put still holds two.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @fiahfy/icns@0.0.7 @fiahfy/ico@0.0.5 pngjs@7.0.0

cat > probe.cjs <<'NODE'
const { PNG } = require('pngjs');
const { Icns, IcnsImage } = require('@fiahfy/icns');
const { Ico, IcoImage } = require('@fiahfy/ico');
const square = (side) => PNG.sync.write(new PNG({ width: side, height: side }));
const icns = new Icns();
icns.append(IcnsImage.fromPNG(square(128), 'ic07'));
icns.append(IcnsImage.fromPNG(square(512), 'ic09'));
icns.insert(IcnsImage.fromPNG(square(256), 'ic08'), 1);
const ico = new Ico();
ico.append(IcoImage.fromPNG(square(16)));
ico.append(IcoImage.fromPNG(square(48)));
ico.insert(IcoImage.fromPNG(square(32)), 1);
const seen = [Icns.from(icns.data).images.map(({ osType }) => osType), Ico.from(ico.data).infoHeaders.map(({ width }) => width)];
console.log(`ic08 put between ic07 and ic09, @fiahfy/icns 0.0.7: ${seen[0]}`);
console.log(`32 put between 16 and 48, @fiahfy/ico 0.0.5: ${seen[1]}`);
process.exit(seen.join(' ') === 'ic07,ic08 16,32' ? 0 : 1);
NODE
node probe.cjs
