#!/usr/bin/env bash
# Expected: matching a URL leaves nothing for the garbage collector, as werkzeug takes care elsewhere (Flask's request
# context cuts the cycle between a request and its environ when it ends). CPython's documentation of `gc` says that the
# collector only supplements the reference counts: what refers to itself waits for it.
# Instead: werkzeug 3.1.9's matcher is a nested function that calls itself through its own closure, so that every match
# leaves eight objects that only the collector frees, whatever the rule. In a server that has the collector run seldom
# they come together, and a collection of many holds the lock for as long.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check werkzeug==3.1.9

venv/bin/python - <<'PYTHON'
import gc

from werkzeug.routing import Map, Rule

adapter = Map([Rule("/", endpoint="root"), Rule("/items/<int:number>", endpoint="item")]).bind("localhost")


def left_over(call, times=1000):
    """Objects that only a collection frees, for each call."""
    call()
    gc.collect()
    gc.disable()
    for _ in range(times):
        call()
    found = gc.collect() / times
    gc.enable()
    return found


matched = {path: left_over(lambda: adapter.match(path)) for path in ("/", "/items/7")}
built = left_over(lambda: adapter.build("item", {"number": 7}))
print(f"werkzeug 3.1.9: objects left by a match: {matched}; by building a URL: {built}")
assert all(count == 8 for count in matched.values())
assert built == 0
PYTHON
