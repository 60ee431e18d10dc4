"""Checks of the settings together: filters of an operator's own."""

from pathlib import Path

import pytest

from core import registry
from core.registry import filters
from service.checks import load_settings
from service.settings import SettingsError

FILTER = """
from core.picture import Pixels
from core.registry import image_filter


@image_filter(cost=1)
def {name}(pixels: Pixels) -> Pixels:
    '''Leave everything as it is.'''
    return pixels
"""


@pytest.mark.parametrize(
    ("texts", "where"),
    [
        ({"checks_one": "blur"}, 'The filter "blur" is registered twice: in core.filters.blur and checks_one.'),
        (
            {"checks_two": "checks_same", "checks_three": "checks_same"},
            'The filter "checks_same" is registered twice: in checks_two and checks_three.',
        ),
    ],
    ids=["shipped", "of-two-packages"],
)
def test_filters_of_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], where: str
) -> None:
    """Both modules are named, and the refused one leaves nothing behind; a second start says the same."""
    known = filters()
    monkeypatch.setattr(registry, "_filters", dict(known))
    monkeypatch.syspath_prepend(tmp_path)
    for module, name in texts.items():
        (tmp_path / f"{module}.py").write_text(FILTER.format(name=name))
    for _ in range(2):
        with pytest.raises(SettingsError) as refused:
            load_settings({"DARKROOM_FILTERS": ",".join(texts)})
        assert refused.value.problems == [f"DARKROOM_FILTERS: {where}"]
        assert {step.function.__module__ for name, step in filters().items() if name not in known} <= {"checks_two"}
