#!/usr/bin/env bash
# Expected: in a Parquet data page of version 2, booleans are runs (encoding RLE, four bytes of length before them); every
# reader gives back what was written: https://parquet.apache.org/docs/file-format/data-pages/encodings/
# Instead: @dsnp/parquetjs 1.8.8 gives false for every row, without an error; of version 1 it reads the same column right.
# hyparquet 1.33.0 and pyarrow 25.0.1 read both right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pyarrow==25.0.1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @dsnp/parquetjs@1.8.8 hyparquet@1.33.0

venv/bin/python - <<'PYTHON'
import pyarrow as pa
from pyarrow import parquet

wanted = [True] * 9 + [False] * 5 + [True, False] * 5
for version in ("1.0", "2.0"):
    parquet.write_table(pa.table({"b": wanted}), f"v{version[0]}.parquet", compression="none", data_page_version=version)
    assert parquet.read_table(f"v{version[0]}.parquet")["b"].to_pylist() == wanted
print("written ", "".join(str(int(one)) for one in wanted))
PYTHON

cat > probe.mjs <<'NODE'
import { createRequire } from 'module';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
const { ParquetReader } = createRequire(import.meta.url)('@dsnp/parquetjs');
const text = (rows) => rows.map(({ b }) => (b ? 1 : 0)).join('');
const wanted = '1'.repeat(9) + '0'.repeat(5) + '10'.repeat(5);
const seen = {};
for (const version of ['v1', 'v2']) {
  const file = `${version}.parquet`;
  const other = text(await parquetReadObjects({ file: await asyncBufferFromFile(file) }));
  const reader = await ParquetReader.openFile(file);
  const cursor = reader.getCursor();
  const rows = [];
  for (let row = await cursor.next(); row; row = await cursor.next()) rows.push(row);
  await reader.close();
  seen[version] = text(rows);
  console.log(`${version}: hyparquet 1.33.0 ${other}, @dsnp/parquetjs 1.8.8 ${seen[version]}`);
  if (other !== wanted) process.exit(1);
}
process.exit(seen.v1 === wanted && seen.v2 === '0'.repeat(24) ? 0 : 1);
NODE
node probe.mjs
