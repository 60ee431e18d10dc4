"""What `import main` brings in, and how long it takes: a cold start pays it."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNWANTED = ("openvino", "google.cloud.storage", "boto3", "pymongo", "PIL")
RUNS = 7
_CODE = """
import json, sys, time
began = time.perf_counter()
{line}
print(json.dumps([time.perf_counter() - began, [name for name in {unwanted!r} if name in sys.modules]]))
"""


def run() -> tuple[str, bool]:
    """The section's text, and whether nothing unwanted came along."""
    lines = ("import main", "import cv2, flask")
    measured = {line: [_once(line) for _ in range(RUNS)] for line in lines}
    brought = sorted({name for _, names in measured["import main"] for name in names})
    rows = "\n".join(
        f"| `{line}` | {_milliseconds([seconds for seconds, _ in runs])} |" for line, runs in measured.items()
    )
    found = f"It brings in {', '.join(brought)} ✗" if brought else f"It brings in none of {', '.join(UNWANTED)} ✓"
    return (
        f"## Import\n\n{RUNS} runs each, ms: median (least–greatest). {found}.\n\n| line | ms |\n|---|---|\n{rows}\n",
        not brought,
    )


def _once(line: str) -> tuple[float, list[str]]:
    code = _CODE.format(line=line, unwanted=UNWANTED)
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, names = json.loads(ran.stdout.splitlines()[-1])
    return seconds, names


def _milliseconds(runs: list[float]) -> str:
    return f"{statistics.median(runs) * 1e3:.0f} ({min(runs) * 1e3:.0f}–{max(runs) * 1e3:.0f})"
