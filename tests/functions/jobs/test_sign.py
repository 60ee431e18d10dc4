"""The command that signs links."""

import time

import pytest

from functions.jobs import sign
from service.render import links
from tests.service.render.test_links import KEY, URL


def test_it_signs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DARKROOM_SIGNING_KEY", KEY)
    assert sign.main([URL]) == 0
    assert sign.main(["--expires", "2000000000", URL]) == 0
    assert capsys.readouterr().out.splitlines() == [links.sign_url(KEY, URL), links.sign_url(KEY, URL, 2000000000)]


def test_without_a_key_or_a_link(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert sign.main([URL]) == 1
    monkeypatch.setenv("DARKROOM_SIGNING_KEY", KEY)
    assert sign.main(["/v1/process"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "DARKROOM_SIGNING_KEY is not set" in told.err
    assert KEY not in told.err


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("7d", 604800)])
def test_times(text: str, seconds: int) -> None:
    now = int(time.time())
    assert 0 <= sign.moment(text) - seconds - now <= 60


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5h", "7w", "7 d", "9" * 13])
def test_no_times(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sign.main(["--expires", text, URL])
    assert "expected 30m" in capsys.readouterr().err or text == "-1"
