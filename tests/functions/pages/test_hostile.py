"""HTML and script in names, metadata, labels and queries is shown as text, in a browser that would run it."""

import io
import re
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser

from catalog import Row, id_of
from catalog.row import StoredOutput
from tests.functions.pages.browsing import loaded, tab, wait
from tests.functions.support import app_with, client_of
from tests.waiting import PATIENCE

EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}.png'
CAMERA = "<svg onload=alert(3)>"


def photograph() -> bytes:
    """A JPEG whose camera is a script."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = CAMERA, "'><b>model"
    file = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 90, 30)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_nothing_runs_and_everything_is_shown(browser: Browser, server: str) -> None:
    answer = httpx.post(f"{server}/v1/images", params={"name": EVIL}, content=photograph(), timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    id_ = answer.json()["id"]
    name = answer.json()["name"]
    with tab(browser, server) as (page, trouble):
        page.on("dialog", lambda dialog: trouble.append(f"ran: {dialog.message}"))
        page.goto(server)
        assert page.locator(".grid .title").first.text_content() == name
        assert page.locator("select[name=id] option").first.text_content() == name
        assert page.locator("script:not([src]):not([type])").count() == 0
        page.goto(f"{server}/picture?id={id_}&filter=%22%3E%3Cscript%3Ealert(4)%3C/script%3E&value=%3Cb%3E")
        assert CAMERA in page.locator("dl").inner_text()
        assert page.input_value("input[name=value]") == "<b>"
        for query in ("label", "name", "format", "min_width", "sort", "cursor"):
            page.goto(f"{server}/?{query}=%22%3E%3Cimg%20src=x%20onerror=alert(5)%3E")
            assert page.locator("img[src=x]").count() == 0
        page.goto(f"{server}/darkroom?image={id_}&pipeline=%3Cimg%20src=x%20onerror=alert(6)%3E/text:%3Cb%3E&off=0")
        loaded(page, ".after img")
        wait(page, "document.querySelector('.steps li')")
        assert page.locator("img[src=x]").count() == 0
        assert page.locator(".steps h3").first.text_content() == "<img src=x onerror=alert(6)>"
        page.goto(f"{server}/login?next=javascript:alert(7)")
        assert [told for told in trouble if "400" not in told] == []


def test_a_hostile_file_name_in_the_upload_list(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.on("dialog", lambda dialog: trouble.append(f"ran: {dialog.message}"))
        page.goto(server)
        page.set_input_files(
            "#upload input[type=file]", {"name": EVIL, "mimeType": "image/png", "buffer": b"no picture"}
        )
        page.wait_for_selector("li.failed")
        assert page.locator("li.failed .file").text_content() == EVIL
        assert page.locator("li.failed .why").count() == 1
        assert [told for told in trouble if "415" not in told] == []


def test_labels_and_outputs_are_text(tmp_path: Path) -> None:
    app = app_with(data=str(tmp_path / "data"), files=str(tmp_path), results="file://outbox", catalog="sqlite")
    row = Row(
        id=id_of("file://outbox/a"), source="file://outbox/a", name="a", version="1", width=9, height=9, format="png",
        bytes=9, sha256="0" * 64, labels=(EVIL,), counts={EVIL: 2}, state="ready",
        outputs=(StoredOutput(EVIL, f"file://outbox/{EVIL}", "1", "1"),),
    )  # fmt: skip
    assert app.service.catalog().put(row) is not None
    text = client_of(app).get(f"/picture?id={row.id}").text
    assert "onerror" in text
    assert not re.search(r"<(img src=x|script>|b>)", text)
