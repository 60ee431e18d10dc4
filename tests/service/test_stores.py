"""Settings of storage: what is wrong with them is said at the start, and what they say is opened."""

from pathlib import Path

import pytest

from service import stores
from service.checks import load_settings
from service.settings import SettingsError
from storage.address import Address

BAD = {
    "no address": ({"DARKROOM_SOURCES": "bucket"}, "DARKROOM_SOURCES"),
    "no bucket": ({"DARKROOM_TARGETS": "gs://../x"}, "DARKROOM_TARGETS"),
    "no such scheme": ({"DARKROOM_TARGETS": "ftp://bucket/"}, "must be one of file"),
    "no folder for files": ({"DARKROOM_RESULTS": "file://out"}, "DARKROOM_FILES"),
    "files that are no folder": ({"DARKROOM_FILES": "/nowhere/at/all"}, "DARKROOM_FILES"),
    "a short secret": ({"DARKROOM_SIGNING_KEY": "short"}, "32"),
    "mongo under another scheme": ({"DARKROOM_MONGO": "mongo://localhost"}, "DARKROOM_MONGO is not a URL"),
    "mongo without a host": ({"DARKROOM_MONGO": "mongodb:///pictures"}, "DARKROOM_MONGO is not a URL"),
    "mongo without a server": ({"DARKROOM_CATALOG": "mongo"}, "DARKROOM_MONGO"),
}


@pytest.mark.parametrize(("environ", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_at_the_start(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(environ)


def test_what_the_settings_name_is_opened(tmp_path: Path) -> None:
    environ = {
        "DARKROOM_FILES": str(tmp_path),
        "DARKROOM_SOURCES": "file://in/ gs://photos",
        "DARKROOM_RESULTS": "file://out/own",
    }
    storage = stores.open_storage(load_settings(environ))
    assert storage.sources.check(Address.parse("gs://photos/a/b.jpg"))
    assert storage.results == Address("file", "out", "own")
    assert storage.stores.of(Address.parse("file://in/a.jpg")).scheme == "file"
