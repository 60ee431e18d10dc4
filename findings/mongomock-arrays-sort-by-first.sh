#!/usr/bin/env bash
# Expected: documents whose field is an array are sorted by its smallest element upwards and by its largest downwards
# (MongoDB's manual, "Comparison and sort order", arrays): [5, 1], [2, 9], 3 upwards, [2, 9], [5, 1], 3 downwards.
# Instead: mongomock 4.3.0 sorts by the first element either way: [2, 9], 3, [5, 1] upwards, and back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mongomock==4.3.0

venv/bin/python - <<'PYTHON'
import mongomock

rows = mongomock.MongoClient().test.rows
rows.insert_many([{"v": value} for value in ([5, 1], [2, 9], 3)])
seen = {way: [row["v"] for row in rows.find({}, sort=[("v", way)])] for way in (1, -1)}
print(f"mongomock 4.3.0: upwards {seen[1]}, downwards {seen[-1]}")
assert seen == {1: [[2, 9], 3, [5, 1]], -1: [[5, 1], 3, [2, 9]]}
PYTHON
