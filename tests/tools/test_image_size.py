"""What an image weighs, on folders that are made here; real images are measured by tests/test_container.py."""

from pathlib import Path

import pytest

from tools import image_size
from tools.image_size import Sizes, bytes_of_packages, sizes_of, told_of_packages

FILES = {
    "usr/bin/base": 1000,
    "srv/darkroom/main.py": 30,
    "opt/venv/lib/python3.13/site-packages/imagecodecs/a.so": 200,
    "opt/venv/lib/python3.13/site-packages/imagecodecs/__pycache__/a.cpython-313.pyc": 50,
}
RECORD = (
    "imagecodecs/a.so,sha256=a,200\nimagecodecs/gone.so,sha256=b,700\n"
    "imagecodecs/__pycache__/a.cpython-313.pyc,,\nimagecodecs-1.dist-info/RECORD,,\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, size in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    record = tmp_path / "opt/venv/lib/python3.13/site-packages/imagecodecs-1.dist-info/RECORD"
    record.parent.mkdir()
    record.write_text(RECORD)
    return tmp_path


def test_sizes(root: Path) -> None:
    """What was taken out counts as installed, and not as there."""
    assert sizes_of(root) == Sizes(1280 + len(RECORD), 280 + len(RECORD), 900)
    found = bytes_of_packages(root / "opt/venv")
    assert found == {"imagecodecs": 200}
    assert told_of_packages({"imagecodecs": 3 * 2**20, "pi-heif": 2**19}).splitlines() == [
        "VISION=no leaves out nothing", "JXL=no leaves out imagecodecs 3.0 MiB", "other formats: pi-heif 0.5 MiB",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("whole", "without", "code"),
    [((900, 700, 650), (600, 400, 380), 0), ((900, 700, 650), (700, 500, 480), 1), ((900, 700, 650), (), 0)],
    ids=["small enough", "too large without vision", "one image alone"],
)
def test_exit_code(
    whole: tuple[int, ...], without: tuple[int, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {name: Sizes(*numbers) for name, numbers in (("whole", whole), ("without", without)) if numbers}
    monkeypatch.setattr("sys.argv", ["image_size", *sizes])
    monkeypatch.setattr(image_size, "buildah", lambda *words: words[-1])
    monkeypatch.setattr(image_size, "sizes_of", lambda root: sizes[root.name])
    assert image_size.main() == code
