"""docs/benchmarks.md, of which each measurement writes a part."""

from pathlib import Path

import pytest

from bench import __main__ as bench


@pytest.mark.parametrize("part", ["http", "peers"])
def test_a_part_is_written_and_replaced(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "benchmarks.md"
    monkeypatch.setattr(bench, "PAGE", page)
    bench.write("plan", "kept\n")
    for text in ("first", "second"):
        bench.write(part, f"{text}\n")
    written = page.read_text()
    assert f"<!-- {part} -->\nsecond\n<!-- /{part} -->" in written
    assert "first" not in written
    assert "kept" in written
