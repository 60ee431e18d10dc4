"""Registering filters: one name is one filter, and a package that is refused leaves nothing behind."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from core import registry
from core.language import values
from core.picture import Pixels
from core.registry import DuplicateFilterError, filters, image_filter, load_package
from tests.conftest import ROOT

Packages = Callable[..., str]
_OLD = """
from typing import Annotated

from core.picture import Pixels
from core.registry import image_filter
from core.values import ranged


@image_filter(cost=1)
def registry_old(pixels: Pixels, by: Annotated[int, ranged(1, 9, "How much")] = 2) -> Pixels:
    \"\"\"Leave everything as it is.\"\"\"
    return pixels
"""
_FILTER = '''
from core.picture import Pixels
from core.registry import image_filter


@image_filter(cost=1)
def {name}(pixels: Pixels) -> Pixels:
    """Leave everything as it is."""
    return pixels
'''


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    """Write a package: the text of each module by its name. What it registers is gone after the test."""
    before, modules = dict(filters()), set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def write(package: str, **texts: str) -> str:
        (tmp_path / package).mkdir()
        for name, text in {"__init__": "", **texts}.items():
            (tmp_path / package / f"{name}.py").write_text(text)
        return package

    yield write
    registry._filters.clear()
    registry._filters.update(before)
    for name in {name for name in sys.modules if name.startswith("registry_")} - modules:
        del sys.modules[name]
    load_package.cache_clear()


def test_two_functions_of_one_name() -> None:
    known = filters()["blur"]

    def blur(pixels: Pixels) -> Pixels:
        """Another one."""
        return pixels

    text = f'The filter "blur" is registered twice: in core.filters.blur and {__name__}.'
    with pytest.raises(TypeError) as raised:
        image_filter(cost=1)(blur)
    assert str(raised.value) == text
    assert filters()["blur"] is known


def test_a_package_registers_its_filters(packages: Packages) -> None:
    load_package(packages("registry_good", one=_FILTER.format(name="one"), two=_FILTER.format(name="two")))
    assert {"one", "two"} <= filters().keys()


@pytest.mark.parametrize(
    ("texts", "error", "says"),
    [
        ({"a": _FILTER.format(name="first"), "b": _FILTER.format(name="blur")}, DuplicateFilterError,
         "in core.filters.blur and registry_bad.b"),
        ({"a": _FILTER.format(name="first"), "b": _FILTER.format(name="first")}, DuplicateFilterError,
         "in registry_bad.a and registry_bad.b"),
        ({"a": _FILTER.format(name="first"), "b": "import registry_no_such_module"}, ImportError, "no_such_module"),
        ({"a": _FILTER.format(name="first") + "\n1 / 0\n"}, ZeroDivisionError, "division"),
    ],
    ids=["shipped", "own", "import-error", "half-a-module"],
)  # fmt: skip
def test_a_refused_package_leaves_nothing_behind(
    packages: Packages, texts: dict[str, str], error: type[Exception], says: str
) -> None:
    package, known = packages("registry_bad", **texts), filters()
    for _ in range(2):  # a second try is refused for the same reason
        with pytest.raises(error, match=says):
            load_package(package)
        assert filters() == known
        assert not [name for name in sys.modules if name.startswith("registry_bad")]


def test_a_mended_package_loads_after_all(packages: Packages, tmp_path: Path) -> None:
    package = packages("registry_mended", a=_FILTER.format(name="first"), b="import registry_no_such_module")
    with pytest.raises(ImportError):
        load_package(package)
    (tmp_path / package / "b.py").unlink()
    load_package(package)
    assert "first" in filters()


def test_shipped_filters_are_registered_before_any_other(tmp_path: Path) -> None:
    """In a fresh process, where nothing has asked for a filter yet: the package is refused, not the first request."""
    (tmp_path / "registry_early.py").write_text(_FILTER.format(name="blur"))
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "from core import registry\n"
        "try: registry.load_package('registry_early')\n"
        "except TypeError as error: print(error)\n"
        "print(registry.find_filter('blur').function.__module__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        'The filter "blur" is registered twice: in core.filters.blur and registry_early.',
        "core.filters.blur",
    ]


def test_filters_that_import_the_former_core_values_still_load(tmp_path: Path) -> None:
    """It warns Python developers once, and writes nothing to an operator's stderr."""
    (tmp_path / "registry_old.py").write_text(_OLD)
    code = (
        f"import sys, warnings; sys.path.append({str(tmp_path)!r})\n"
        "from core import registry\n"
        "registry.load_package('registry_old')\n"
        "print(registry.find_filter('registry_old').parameters[0].expected)\n"
    )
    run = partial(subprocess.run, cwd=ROOT, capture_output=True, text=True, check=True)
    done = run([sys.executable, "-c", code])
    assert (done.stdout, done.stderr) == ("a whole number from 1 to 9\n", "")
    warned = run([sys.executable, "-W", "always::DeprecationWarning:registry_old", "-c", code])
    assert warned.stderr.count("DeprecationWarning: core.values has moved to core.language.values") == 1


def test_the_former_core_values_has_every_public_name() -> None:
    with pytest.warns(DeprecationWarning, match="core.values has moved"):
        former = importlib.reload(importlib.import_module("core.values"))
    public = {name for name, value in vars(values).items() if getattr(value, "__module__", "") == values.__name__}
    public = {name for name in public if not name.startswith("_")} | {"WHITE", "BLACK", "VALUE_TYPES"}
    assert set(former.__all__) == public
    assert all(getattr(former, name) is getattr(values, name) for name in former.__all__)


@pytest.mark.parametrize(("name", "absent"), [("resize", "core.filters.draw"), ("sepia", "core.filters.geometry")])
def test_a_step_is_found_without_importing_the_other_families(name: str, absent: str) -> None:
    code = (
        f"import sys; from core import registry\nprint(registry.find_filter({name!r}).name, {absent!r} in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [name, "False"]


def test_the_text_of_the_families_tells_where_each_step_is() -> None:
    found = {name: known.function.__module__ for name, known in filters().items()}
    assert registry._families() == {
        name: module for name, module in found.items() if module.startswith("core.filters.")
    }
