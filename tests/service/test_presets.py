"""Presets are checked when the server starts."""

from pathlib import Path

import pytest

from service import presets
from service.settings import Settings, SettingsError


def test_what_ships_is_right() -> None:
    shipped = presets.load_presets(Settings().presets_file())
    assert {"thumbnail", "web", "avatar"} <= set(shipped)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = ", "cannot be read"),
        ("a = 3", '"a" is not a string'),
        ('a = "blurr"', 'Did you mean "blur"'),
        ('a = "preset:a"', 'no preset "a"'),
        ('"../a" = "blur"', "cannot be used in a pipeline"),
    ],
)
def test_wrong_ones_are_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "presets.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=told):
        presets.load_presets(file)


def test_a_byte_order_mark_of_an_editor_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "presets.toml"
    file.write_text('a = "blur"', "utf-8-sig")
    assert presets.load_presets(file)["a"] == "blur"


def test_all_at_once(tmp_path: Path) -> None:
    file = tmp_path / "presets.toml"
    file.write_text('a = "blurr"\nb = 3\nc = "blur"')
    with pytest.raises(SettingsError) as caught:
        presets.load_presets(file)
    assert len(caught.value.problems) == 2
