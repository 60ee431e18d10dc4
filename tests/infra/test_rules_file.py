"""The rules that the Google module ships are rules that the server takes."""

from pathlib import Path

import pytest

from functions.jobs import check
from tools.terraform.run import INFRA


def test_the_shipped_rules_are_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (INFRA / "gcp" / "rules.toml.tftpl").read_text()
    file = tmp_path / "rules.toml"
    file.write_text(text.replace("${uploads}", "in").replace("${results}", "out"))
    monkeypatch.setenv("DARKROOM_RESULTS", "gs://out")
    assert check.main([str(file), "gs://in/2024/a.jpg"]) == 0
    told = capsys.readouterr().out
    assert "rules.toml: 1 rule is valid." in told
    assert "gs://out/outputs/2024/a.jpg-web.webp (webp)" in told
    assert "warning" not in told
