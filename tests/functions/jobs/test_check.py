"""`python -m functions.jobs.check`: what would happen, and exit codes."""

from pathlib import Path

import pytest

from functions.jobs.check import main

GOOD = '[[rule]]\nwhen = "gs://in/*.{jpg,png}"\nto = "gs://out/{stem}.webp"\npipeline = "resize:16"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(GOOD)
    return path


ASKED = {
    "file-alone": ([], 0, "1 rule is valid"),
    "taken": (["gs://in/a.jpg"], 0, 'gs://out/a.webp (webp) by "resize:16", removed when the source is'),
    "not-taken": (["gs://other/a.jpg"], 0, "no rule matches it"),
    "no-address": (["a.jpg"], 1, "scheme://bucket/key"),
    "parent": (["gs://in/../a.jpg"], 1, "cannot have a segment"),
    "warned": ([], 0, 'warning: Rule "rule-1"'),
}


@pytest.mark.parametrize(("addresses", "code", "said"), ASKED.values(), ids=ASKED)
def test_check(file: Path, capsys: pytest.CaptureFixture[str], addresses: list[str], code: int, said: str) -> None:
    assert main([str(file), *addresses]) == code
    assert said in capsys.readouterr().out


def test_wrong_rules_are_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("resize:16", "resiz:16"))
    assert main([str(file)]) == 1
    assert 'Did you mean "resize"' in capsys.readouterr().err


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent.toml")]) == 1
    assert '"absent.toml" cannot be read: No such file or directory.' in capsys.readouterr().err


def test_a_picture_is_no_file_of_rules(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(b"\x89PNG")
    assert main([str(file)]) == 1
    assert '"rules.toml" cannot be read: it is no text in UTF-8.' in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--chek", "rules.toml"]], ids=["nothing", "unknown"])
def test_wrong_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
