"""Weights: found by checksum, fetched whole or not at all, once over all processes."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from core.errors import DarkroomError
from core.models.model import Input, Model, WeightsFile
from service.models import download, weights
from service.models.weights import WeightsStore
from tests.conftest import ROOT
from tests.service.models.upstream import BODY, Upstream, upstream
from tests.waiting import PATIENCE, until


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    return WeightsStore([], tmp_path / "cache")


def code_of(store: WeightsStore, file: WeightsFile, *, fetch: bool = True) -> str:
    with pytest.raises(DarkroomError) as caught:
        store(file, fetch=fetch)
    assert "127.0.0.1" not in caught.value.detail
    assert "/cache/" not in caught.value.detail
    return caught.value.code


def left(folder: Path) -> list[str]:
    """What lies in the cache, without locks."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def addressed(url: str) -> WeightsFile:
    return WeightsFile(url=url, bytes=len(BODY), sha256=hashlib.sha256(BODY).hexdigest())


# --- what comes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/good/a.bin", "/unsized/a.bin", "/chunked/a.bin", "/to/a.bin?url=/good/b.bin"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha384"])
def test_a_good_file_is_kept(server: Upstream, store: WeightsStore, tmp_path: Path, path: str, algorithm: str) -> None:
    file = server.file(path, algorithm=algorithm)
    assert code_of(store, file, fetch=False) == "model_absent"
    fetched = store(file, fetch=True)
    assert fetched.read_bytes() == BODY
    assert fetched == tmp_path / "cache" / hashlib.new(algorithm, BODY).hexdigest() / "a.bin"
    asked = len(server.asked)
    assert store(file) == store(file, fetch=True) == fetched
    assert len(server.asked) == asked


def test_a_file_of_this_machine(store: WeightsStore, tmp_path: Path) -> None:
    (tmp_path / "my model.onnx").write_bytes(BODY)
    fetched = store(addressed((tmp_path / "my model.onnx").as_uri()), fetch=True)
    assert (fetched.name, fetched.read_bytes()) == ("my_model.onnx", BODY)


FAULTS = {
    "/silent/a": ("model_absent", "stopped responding|failed"),
    "/stall/a": ("model_absent", "stopped responding"),
    "/drip/a": ("model_absent", "stopped responding"),
    "/cut/a": ("model_absent", "ended after"),
    "/short/a": ("model_absent", "ended after"),
    "/says-less/a": ("model_absent", "ended after"),
    "/broken-chunk/a": ("model_absent", "failed"),
    "/garbage/a": ("model_absent", "failed"),
    "/endless/a": ("model_checksum", "larger"),
    "/longer/a": ("model_checksum", "larger"),
    "/wrong/a": ("model_checksum", "checksum differs"),
    "/absent/a": ("model_absent", "answered 404"),
    "/refused/a": ("model_absent", "answered 503"),
    "/around/a": ("model_absent", "answered 302"),
    "/to/a?url=file:///etc/hostname": ("model_absent", "answered 302"),
    "/to/a?url=ftp://127.0.0.1/a": ("model_absent", "redirected to"),
    "/to/a?url=http://192.0.2.1/a": ("model_absent", "redirected to"),
    "/to/a?url=http://localhost.evil.example/a": ("model_absent", "redirected to"),
    "/to/a?url=https://127.0.0.1:1/a": ("model_absent", "redirected to"),
}


@pytest.mark.parametrize(("path", "code", "says"), [(path, *told) for path, told in FAULTS.items()], ids=FAULTS)
def test_what_fails_leaves_nothing(
    server: Upstream, store: WeightsStore, tmp_path: Path, path: str, code: str, says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(download, "SILENCE", 0.5 if "stopped responding" in says else PATIENCE)
    with pytest.raises(DarkroomError, match=says) as caught:
        store(server.file(path), fetch=True)
    assert caught.value.code == code
    assert "127.0.0.1" not in caught.value.detail
    assert left(tmp_path) == []
    monkeypatch.setattr(download, "SILENCE", PATIENCE)
    good = msgspec.structs.replace(server.file(path), url=f"{server.url}/good/a")
    assert store(good, fetch=True).read_bytes() == BODY


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/a", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a", "data:text/plain,a", "javascript:1",
        "http://user:pass@127.0.0.1/a", "http://127.0.0.1@192.0.2.1/a", "file://192.0.2.1/etc/hostname",
        "file:etc/hostname", "http://", "https://", "//127.0.0.1/a", "/etc/hostname", "http://127.0.0.1:x/a",
        "http://[::1/a", "http://0.0.0.0/a", "http://2130706433/a", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_read(url: str) -> None:
    assert not download.is_allowed(url)
    with pytest.raises(download.DownloadError, match="must be https, file, or http"):
        next(download.fetch_chunks(url))


@pytest.mark.parametrize("url", ["https://models.example/a", "file:///a", "http://localhost:1/a", "http://[::1]/a"])
def test_addresses_that_are_read(url: str) -> None:
    assert download.is_allowed(url)


@pytest.mark.parametrize("name", ["dir", "pipe", "none"])
def test_only_plain_files_are_read(store: WeightsStore, tmp_path: Path, name: str) -> None:
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert code_of(store, addressed((tmp_path / name).as_uri())) == "model_absent"


def test_nobody_listens(store: WeightsStore) -> None:
    assert code_of(store, addressed("http://127.0.0.1:1/a")) == "model_absent"


def test_the_environments_proxy_is_not_for_this_machine(
    server: Upstream, store: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert store(server.file("/good/proxied"), fetch=True).is_file()


# --- what lies there -----------------------------------------------------------------------------------------------


def test_a_folders_file_is_found_under_any_name(server: Upstream, tmp_path: Path) -> None:
    lying = tmp_path / "mine" / "deep" / "er" / "renamed.dat"
    lying.parent.mkdir(parents=True)
    lying.write_bytes(BODY)
    (tmp_path / "mine" / "same length").write_bytes(BODY[::-1])
    (tmp_path / "mine" / "dangling").symlink_to(tmp_path / "nowhere")
    asked = len(server.asked)
    assert WeightsStore([tmp_path / "mine"], tmp_path / "cache")(server.file("/good/a"), fetch=True) == lying
    assert len(server.asked) == asked


def test_a_file_that_is_put_there_later_is_found(
    server: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_RESCAN_SECONDS", 0.0)
    store = WeightsStore([tmp_path / "mine"], tmp_path / "cache")
    assert code_of(store, server.file("/good/a"), fetch=False) == "model_absent"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_bytes(BODY)
    assert store(server.file("/good/a")) == tmp_path / "mine" / "a"


@pytest.mark.parametrize("wrong", [BODY[:-1], BODY[::-1], b""], ids=["truncated", "other", "empty"])
@pytest.mark.parametrize("place", ["cache", "folder", "own"])
def test_another_file_in_its_place(server: Upstream, tmp_path: Path, wrong: bytes, place: str) -> None:
    file = server.file("/good/net.bin")
    folder = {"cache": tmp_path / "cache" / str(file.sha256)}.get(place, tmp_path / "mine")
    folder.mkdir(parents=True)
    (folder / "net.bin").write_bytes(wrong)
    if place == "own":
        file = msgspec.structs.replace(file, file=str(folder / "net.bin"))
    store = WeightsStore([tmp_path / "mine"] if place == "folder" else [], tmp_path / "cache")
    assert code_of(store, file, fetch=False) == "model_checksum"
    assert store(file, fetch=True).read_bytes() == BODY


def test_a_file_that_changes_is_read_again(server: Upstream, store: WeightsStore) -> None:
    file = server.file("/good/a")
    path = store(file, fetch=True)
    path.write_bytes(BODY[::-1])
    assert code_of(store, file, fetch=False) == "model_checksum"


def test_its_own_path(store: WeightsStore, tmp_path: Path) -> None:
    (tmp_path / "net.xml").write_bytes(BODY)
    file = WeightsFile(file=str(tmp_path / "net.xml"), bytes=len(BODY), sha256=hashlib.sha256(BODY).hexdigest())
    assert store(file) == tmp_path / "net.xml"
    (tmp_path / "net.xml").unlink()
    assert code_of(store, file, fetch=True) == "model_absent"


def test_the_one_who_misses_it_is_told_how_to_get_it(server: Upstream, tmp_path: Path) -> None:
    file = server.file("/good/net.bin")
    with pytest.raises(DarkroomError, match="make models NAMES=mine") as caught:
        WeightsStore([], tmp_path, {str(file.sha256): "mine"})(file)
    assert "/v1/models/mine/load" in caught.value.detail


def model_of(*sets: tuple[WeightsFile, ...]) -> Model:
    return Model(
        name="mine", title="Mine", task="detect", decoder="yolox", files=sets[0], copies=sets[1:], licence="MIT",
        source="", revision="1", memory=1, cost=1, input=Input(name="image", size=(32, 32)),
    )  # fmt: skip


def test_keep_copies_from_the_folder(server: Upstream, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "other.name").write_bytes(BODY)
    told: list[tuple[str, int, int]] = []
    store = WeightsStore([tmp_path / "mine"], tmp_path / "cache", progress=lambda *step: told.append(step))
    model = model_of((server.file("/absent/net.bin"),))
    (kept,) = store.keep(model)
    assert kept == tmp_path / "cache" / hashlib.sha256(BODY).hexdigest() / "net.bin"
    assert kept.read_bytes() == BODY
    assert told[-1] == ("net.bin", len(BODY), len(BODY))
    assert store.keep(model) == [kept]


def test_keep_takes_a_copy_that_is_at_hand(server: Upstream, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "other.name").write_bytes(BODY)
    store = WeightsStore([tmp_path / "mine"], tmp_path / "cache")
    first = server.file("/absent/first.bin", b"another release")
    (kept,) = store.keep(model_of((first,), (server.file("/absent/second.bin"),)))
    assert kept.name == "second.bin"


def test_keep_downloads_the_first(server: Upstream, tmp_path: Path) -> None:
    store = WeightsStore([], tmp_path / "cache")
    (kept,) = store.keep(model_of((server.file("/good/first.bin"),), (server.file("/good/second.bin", b"other"),)))
    assert kept.name == "first.bin"


def test_keep_leaves_what_ships_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "net.xml").write_bytes(BODY)
    file = WeightsFile(file=str(tmp_path / "net.xml"), bytes=len(BODY), sha256=hashlib.sha256(BODY).hexdigest())
    assert WeightsStore([], tmp_path / "cache").keep(model_of((file,))) == [tmp_path / "net.xml"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", ["../../../evil", "%2e%2e%2fevil", "..", "", "a" * 300, "\u00e9\u202e", ".hidden"])
def test_a_name_stays_in_its_folder(server: Upstream, store: WeightsStore, tmp_path: Path, name: str) -> None:
    file = msgspec.structs.replace(server.file("/good/"), url=f"{server.url}/good/{quote(name, safe='%/')}")
    fetched = store(file, fetch=True)
    assert fetched.parent == tmp_path / "cache" / hashlib.sha256(BODY).hexdigest()
    assert 0 < len(fetched.name) <= 100
    assert not fetched.name.startswith(".")


def test_a_disk_that_cannot_be_written(server: Upstream, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(DarkroomError, match="DARKROOM_DATA is not writable") as caught:
        WeightsStore([], tmp_path / "cache")(server.file("/good/a"), fetch=True)
    assert caught.value.code == "model_absent"


def test_a_full_disk_leaves_nothing(server: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store = WeightsStore([], tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert code_of(store, server.file("/good/a")) == "model_absent"
    assert left(tmp_path) == []
    assert store(server.file("/good/a"), fetch=True).is_file()


# --- several at once, and sudden ends ------------------------------------------------------------------------------

FETCH = """
import sys, msgspec
from pathlib import Path
from core.models.model import Input, Model, WeightsFile
from service.models.weights import WeightsStore
file = msgspec.json.decode(sys.argv[1], type=WeightsFile)
print(WeightsStore([], Path(sys.argv[2]))(file, fetch=True).stat().st_size)
"""


def fetching(file: WeightsFile, cache: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", FETCH, msgspec.json.encode(file).decode(), str(cache)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_threads_fetch_once(server: Upstream, store: WeightsStore) -> None:
    file = server.file("/slow/threads")
    got: list[Path] = []
    threads = [threading.Thread(target=lambda: got.append(store(file, fetch=True))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(got) == 8
    assert server.asked.count("/slow/threads") == 1


def test_processes_fetch_once(server: Upstream, tmp_path: Path) -> None:
    file = server.file("/slow/processes")
    both = [fetching(file, tmp_path) for _ in range(2)]
    told = [process.communicate(timeout=PATIENCE)[0].strip() for process in both]
    assert told == [str(len(BODY))] * 2
    assert server.asked.count("/slow/processes") == 1
    assert left(tmp_path) == ["processes"]


def test_killed_in_the_middle(server: Upstream, tmp_path: Path) -> None:
    file = server.file("/stall/a.bin")
    with fetching(file, tmp_path) as process:
        until(lambda: any(path.stat().st_size for path in tmp_path.rglob("*.part")), "the first bytes")
        process.send_signal(signal.SIGKILL)
    assert left(tmp_path) == ["a.bin.part"]
    store = WeightsStore([], tmp_path)
    assert code_of(store, file, fetch=False) == "model_absent"
    assert store(msgspec.structs.replace(file, url=f"{server.url}/good/a.bin"), fetch=True).read_bytes() == BODY
    assert left(tmp_path) == ["a.bin"]


def test_another_holds_the_lock_for_too_long(server: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = server.file("/good/a")
    monkeypatch.setattr(weights, "LOCK_TIMEOUT", 0.2)
    (tmp_path / str(file.sha256)).mkdir()
    with weights._locked(tmp_path / str(file.sha256) / ".lock"):
        assert code_of(WeightsStore([], tmp_path), file) == "model_absent"
    assert WeightsStore([], tmp_path)(file, fetch=True).is_file()
