"""What ships in service/assets is what the tool draws."""

import cv2
import numpy as np
import pytest

from core.imaging.cube import read_cube
from tests.conftest import ROOT
from tools.make_assets import assets, main

FOLDER = ROOT / "service" / "assets"


@pytest.mark.parametrize("name", assets())
def test_shipped_as_drawn(name: str) -> None:
    shipped, drawn = (FOLDER / name).read_bytes(), assets()[name]
    if name.endswith(".png"):
        pictures = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) for data in (shipped, drawn)]
        assert np.array_equal(*pictures)
    else:
        assert shipped == drawn


def test_their_kinds() -> None:
    logo = cv2.imread(str(FOLDER / "logo.png"), cv2.IMREAD_UNCHANGED)
    mask = cv2.imread(str(FOLDER / "mask.png"), cv2.IMREAD_UNCHANGED)
    table = read_cube((FOLDER / "warm.cube").read_bytes())
    assert logo.shape == (256, 256, 4)
    assert logo[0, 0, 3] == 0
    assert mask.shape == (256, 256)
    assert 0.01 < (mask > 127).mean() < 0.1
    assert table.shape == (9, 9, 9, 3)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 40_000


def test_writes_where_it_is_told(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["make_assets", str(tmp_path)])
    main()
    assert {path.name for path in FOLDER.iterdir()} == set(assets())
