from pathlib import Path

from core import codecs
from fuzz import seeds


def test_every_format_has_seeds(data: Path, tmp_path: Path) -> None:
    planted = list(seeds.plant("decode", tmp_path).iterdir())
    assert {seeds._format(seed.read_bytes()) for seed in planted} >= set(codecs.FORMATS)
