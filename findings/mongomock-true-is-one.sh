#!/usr/bin/env bash
# Expected: a query compares values of one type only, and booleans and numbers are two (MongoDB's manual, "Comparison and
# sort order": type bracketing). {"animated": 1} finds no document in which it is true, {"$in": [0]} none in which it is
# false, and true and 1 are two distinct values.
# Instead: mongomock 4.3.0 compares as Python does, where True == 1: each finds the other, and one of the two is left among
# the distinct values. {"$gt": 0} and {"$type": "bool"} keep them apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mongomock==4.3.0

venv/bin/python - <<'PYTHON'
import mongomock

rows = mongomock.MongoClient().test.rows
rows.insert_many([{"_id": str(value), "v": value} for value in (True, 1, False, 0)])


def found(query):
    return [row["_id"] for row in rows.find({"v": query})]


seen = {str(query): found(query) for query in (1, {"$in": [0]}, {"$ne": 1}, {"$gt": 0}, {"$type": "bool"})}
print(f"mongomock 4.3.0: {seen}; distinct {rows.distinct('v')}")
assert seen == {
    "1": ["True", "1"],
    "{'$in': [0]}": ["False", "0"],
    "{'$ne': 1}": ["False", "0"],
    "{'$gt': 0}": ["1"],
    "{'$type': 'bool'}": ["True", "False"],
}
assert len(rows.distinct("v")) == 2
PYTHON
