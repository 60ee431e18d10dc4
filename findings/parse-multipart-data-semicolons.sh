#!/usr/bin/env bash
# Expected: a file's name in Content-Disposition is a quoted string, in which a semicolon is a letter like any other
# (RFC 7578, 4.2; RFC 9110, 5.6.4), and a part may do without a Content-Type (RFC 7578, 4.4).
# Instead: parse-multipart-data 1.5.0 cuts the header at every semicolon and raises a SyntaxError for "one; two.png",
# and a TypeError for a file without a type. Browsers send such names as they are; busboy 1.6.0 reads both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund parse-multipart-data@1.5.0 busboy@1.6.0

cat > probe.cjs <<'NODE'
const busboy = require('busboy');
const { parse } = require('parse-multipart-data');

const body = (name, type) => Buffer.from('--edge\r\n'
  + `Content-Disposition: form-data; name="file"; filename="${name}"\r\n${type}\r\npixels\r\n--edge--\r\n`);
const withBusboy = (data) => new Promise((resolve, reject) => {
  const reader = busboy({ headers: { 'content-type': 'multipart/form-data; boundary=edge' } });
  reader.on('file', (field, stream, { filename }) => {
    stream.resume();
    resolve(filename);
  });
  reader.on('error', reject);
  reader.end(data);
});
const seen = (data) => {
  try {
    return parse(data, 'edge')[0].filename;
  } catch (error) {
    return error.name;
  }
};

(async () => {
  let same = true;
  for (const [name, type, expected] of [
    ['one.png', 'Content-Type: image/png\r\n', 'one.png'],
    ['one; two.png', 'Content-Type: image/png\r\n', 'SyntaxError'],
    ['one.png', '', 'TypeError'],
  ]) {
    const data = body(name, type);
    const [got, other] = [seen(data), await withBusboy(data)];
    console.log(`${name}, ${type.trim() || 'no type'}: parse-multipart-data 1.5.0 ${got}, busboy 1.6.0 ${other}`);
    same &&= got === expected && other === name;
  }
  process.exit(same ? 0 : 1);
})();
NODE
node probe.cjs
