"""What every scheme promises of its listings."""

import pytest

from tests.storage.support import Place, soon

ORDER = ["a", "a b", "a!", "a-b", "a.jpg", "a/1", "a/b/c", "a/b0", "a0", "aé", "b/1", "z", "é", "日", "🖼"]
"""In the order of their UTF-8 bytes: a folder's keys sort between its neighbours' as the slash does."""


@pytest.fixture(scope="module")
def listed(at: Place) -> str:
    """The beginning of the keys of a small tree. Files and folders of one name cannot both be."""
    prefix = at.address("").key
    for name in ORDER:
        if name != "a" or at.scheme in {"memory", "gs"}:
            at.put(at.address().at(prefix + name), name.encode())
    return prefix


@pytest.mark.parametrize("page", [2, 3, 1000])
@pytest.mark.parametrize(
    ("begins", "after"),
    [("", ""), ("a", ""), ("a/", ""), ("a/b", ""), ("b/", ""), ("x", ""), ("", "a.jpg"), ("", "a/b/"), ("a", "a/b/c"),
     ("", "é"), ("", "🖼"), ("a/", "a/"), ("", "a/zz")],
)  # fmt: skip
def test_list(at: Place, listed: str, begins: str, after: str, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("gs", "s3"):
        monkeypatch.setattr(f"storage.schemes.{module}._PAGE", page)
    there = [name for name in ORDER if name != "a" or at.scheme in {"memory", "gs"}]
    expected = [name for name in there if name.startswith(begins) and name.encode() > after.encode()]
    prefix = at.address().at(listed + begins)
    found = list(at.store.list(prefix, soon(), after=listed + after if after else ""))
    assert [entry.address.key.removeprefix(listed) for entry in found] == expected
    assert [entry.size for entry in found] == [len(name.encode()) for name in expected]
    assert all(entry.modified > 1_700_000_000 for entry in found)
