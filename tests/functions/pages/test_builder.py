"""The Darkroom page in a browser: every step through its form, undo and redo, order, the address, the snippets."""

import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.filter import Filter
from core.registry import filters
from tests.functions.pages.browsing import gallery, loaded, store, tab, wait
from tests.functions.support import decoded, picture
from tests.waiting import PATIENCE

SAMPLE = (Path(__file__).parents[3] / "docs" / "img" / "shapes.png").read_bytes()
NO_PICTURE = dict.fromkeys(("faces", "persons", "segment", "classify"), "model_absent")
"""Steps that give none when they are added, and the code of the error that says why."""


@pytest.fixture(scope="module")
def image(server: str) -> str:
    return store(server, "shapes.png", SAMPLE)


def settle(page: Page) -> None:
    """Wait until the preview of what is set now has come; the view is busy from the change on."""
    wait(page, "!document.querySelector('.view.busy')")


def begin(page: Page, server: str, query: str = "") -> None:
    page.goto(f"{server}/darkroom{query}")
    loaded(page, ".after img")
    settle(page)


def add(page: Page, name: str) -> None:
    page.click(".add")
    page.fill(".chooser input[type=search]", name)
    page.click(f".chooser .choice[data-name='{name}']")


def expect_steps(page: Page, *names: str) -> None:
    """These steps are listed, in this order."""
    expect(page.locator(".steps > li h3")).to_have_text(list(names))


def pipeline(page: Page) -> str:
    page.check(".tabs input[value=Pipeline]")
    return page.locator(".snippets code").inner_text()


def families() -> dict[str, list[Filter]]:
    found: dict[str, list[Filter]] = {}
    for known in filters().values():
        found.setdefault(known.family, []).append(known)
    return found


@pytest.mark.parametrize("family", sorted(families()))
def test_every_step_is_added_by_its_form(browser: Browser, server: str, image: str, family: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, f"?image={image}")
        for known in families()[family]:
            add(page, known.name)
            settle(page)
            shown = page.locator(".stage .trouble").is_visible()
            assert shown == (known.name in NO_PICTURE), (known.name, page.locator(".stage .trouble").inner_text())
            if shown:
                assert page.locator(".stage .trouble a").inner_text() == NO_PICTURE[known.name]
                assert "make models" in page.locator(".stage .trouble").inner_text()
            assert page.locator(f"li[data-step={known.name}] .parameter").count() >= len(known.parameters)
            while page.locator(".steps .remove").count():
                page.locator(".steps .remove").last.click()
        expected = {"503"} if family == "vision" else set()
        assert [told for told in trouble if not any(code in told for code in expected)] == []


def test_a_slider_changes_the_result_and_the_address(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, f"?image={image}&pipeline=rotate:90")
        before = page.locator(".after img").get_attribute("src")
        page.locator("li[data-step=rotate] input[type=number]").first.fill("180")
        settle(page)
        assert page.locator(".after img").get_attribute("src") != before
        assert pipeline(page) == "rotate:180"
        page.wait_for_url("**pipeline=rotate%3A180*")
        assert trouble == []


def test_undo_redo_order_and_switching_off(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, f"?image={image}")
        for name in ("sepia", "blur", "flip"):
            add(page, name)
        expect_steps(page, "sepia", "blur", "flip")
        page.locator("li[data-step=flip] .handle").focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        expect_steps(page, "flip", "sepia", "blur")
        page.locator("li[data-step=blur] .handle").drag_to(
            page.locator("li[data-step=flip]"), target_position={"x": 20, "y": 4}
        )
        expect_steps(page, "blur", "flip", "sepia")
        page.locator("li[data-step=flip] .head input").uncheck()
        assert pipeline(page) == "blur:15/sepia"
        page.focus("h1") if page.locator("h1[tabindex]").count() else page.locator(".add").focus()
        for _ in range(2):
            page.keyboard.press("Control+z")
        expect_steps(page, "flip", "sepia", "blur")
        page.keyboard.press("Control+Shift+z")
        expect_steps(page, "blur", "flip", "sepia")
        page.reload()
        expect_steps(page, "blur", "flip", "sepia")
        page.click(".redo") if page.locator(".redo").is_enabled() else None
        settle(page)
        assert trouble == []


def test_a_link_holds_the_state(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, f"?image={image}&pipeline=resize:64/text:a%2525%252Fb&off=1&format=webp&quality=55")
        expect_steps(page, "resize", "text")
        assert page.locator("li[data-step=text] input[type=text]").first.input_value() == "a%/b"
        assert page.locator("li[data-step=text] .head input").is_checked() is False
        assert loaded(page, ".after img")[0] == 64
        assert page.input_value(".format") == "webp"
        assert "WEBP" in page.locator(".measured").inner_text()
        assert trouble == []


def test_findings_are_drawn_and_listed(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, f"?image={image}&pipeline=detect/count")
        assert page.locator(".after svg rect").count() > 0
        assert "star" in page.locator(".tables").inner_text()
        page.uncheck(".marks input")
        assert page.locator(".after svg").count() == 0
        assert trouble == []


def test_how_it_is_made_is_explained(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, f"?image={image}&pipeline=resize:64/brightness:10/contrast:20&format=webp")
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(sent.url) if sent.url.endswith("/v1/process") else None)
        page.click(".how summary")
        wait(page, "document.querySelector('.plan tbody tr')")
        rows = [row.split("\t")[0].strip() for row in page.locator(".plan tbody tr").all_inner_texts()]
        assert rows[0].startswith("decode")
        assert rows[-1] == "encode webp"
        assert "resize" in rows
        assert page.locator(".plan .sum").inner_text().startswith("About ")
        assert page.locator(".plan li").count() > 0, "the planner joins brightness and contrast"
        assert len(asked) == 1
        page.locator("li[data-step=resize] .head input").uncheck()
        wait(page, "![...document.querySelectorAll('.plan td')].some(cell => cell.textContent === 'resize')")
        page.locator("li[data-step=contrast] .remove").click()
        wait(page, "!document.querySelector('.how.busy')")
        page.click(".how summary")
        settle(page)
        before = len(asked)
        page.locator("li[data-step=brightness] .remove").click()
        settle(page)
        assert len(asked) == before + 1, "only the preview: nobody looks at the explanation"
        assert trouble == []


def test_what_cannot_be_explained_is_said(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(f"{server}/darkroom?image={image}&pipeline=watermark:nothing")
        page.wait_for_selector(".steps > li")
        page.click(".how summary")
        wait(page, "document.querySelector('.how [role=status]').textContent")
        assert page.locator(".plan table").count() == 0


def test_a_file_a_second_picture_and_the_webcam(browser: Browser, server: str, tmp_path: Path) -> None:
    (tmp_path / "mine.tif").write_bytes(picture("tiff", width=90, height=60))
    (tmp_path / "my logo.png").write_bytes(picture("png", channels=4, width=20, height=20))
    with tab(browser, server, permissions=["camera"]) as (page, trouble):
        begin(page, server, "?pipeline=watermark:logo")
        page.set_input_files(".source .file", tmp_path / "mine.tif")
        wait(page, "document.querySelector('.source .facts').textContent.startsWith('90 × 60 TIFF')")
        settle(page)
        assert loaded(page, ".before img") == [90, 60]
        page.set_input_files("li[data-step=watermark] input[type=file]", tmp_path / "my logo.png")
        settle(page)
        assert pipeline(page) == "watermark:my_logo"
        assert page.locator(".stage .trouble").is_visible() is False
        page.click(".camera")
        wait(page, "document.querySelector('dialog video').videoWidth > 0")
        page.click(".shoot")
        wait(page, "document.querySelector('.source .facts').textContent.includes('PNG')")
        assert trouble == []


SNIPPETS = {
    "curl": lambda text, _: ["bash", "-c", text],
    "Python": lambda text, _: [sys.executable, "-c", text],
    "JavaScript": lambda text, folder: ["node", str(written(folder / "run.mjs", text))],
    "Go": lambda text, folder: ["go", "run", str(written(folder / "main.go", text))],
}


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("language", SNIPPETS)
def test_snippets_run(browser: Browser, server: str, image: str, tmp_path: Path, language: str) -> None:
    assert shutil.which("node"), "Node.js is needed: `make test` installs it where it may"
    query = f"?image={image}&pipeline=resize:40/text:it%27s%2520%2522fine%2522/watermark:logo&format=png"
    with tab(browser, server) as (page, _):
        begin(page, server, query)
        page.check(f".tabs input[value={language}]")
        text = page.locator(".snippets code").inner_text()
    (tmp_path / "shapes.png").write_bytes(SAMPLE)
    done = subprocess.run(
        SNIPPETS[language](text, tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert decoded((tmp_path / "result.png").read_bytes()).shape[1] == 40


def test_the_img_snippet_shows_the_result(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, _):
        begin(page, server, f"?image={image}&pipeline=resize:40/text:a%2525b")
        page.check(".tabs input[value='<img>']")
        text = page.locator(".snippets code").inner_text()
        page.evaluate("text => { document.body.innerHTML = text; }", text)
        assert loaded(page, "body > img")[0] == 40


def test_download_and_the_gallery_get_the_whole_result(browser: Browser, server: str, tmp_path: Path) -> None:
    large = np.full((1200, 2400, 3), 90, np.uint8)
    (tmp_path / "large.png").write_bytes(cv2.imencode(".png", large)[1].tobytes())
    with tab(browser, server) as (page, trouble):
        begin(page, server, "?pipeline=sepia")
        page.set_input_files(".source .file", tmp_path / "large.png")
        page.get_by_text("A preview at 1600 pixels").wait_for()
        with page.expect_download() as download:
            page.click(".download")
        assert decoded(Path(download.value.path()).read_bytes()).shape[:2] == (1200, 2400)
        page.click(".keep")
        page.get_by_text("Added to the gallery: large-darkroom.png").wait_for()
        page.goto(f"{server}/?min_width=2400")
        assert page.locator(".grid .title").all_text_contents() == ["large-darkroom.png"]
        assert trouble == []


def test_presets_and_recipes(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server)
        page.click(".recipes summary")
        page.click(".recipes button:has-text('noir')")
        expect_steps(page, "grayscale", "contrast", "vignette")
        page.fill(".recipes input[name=name]", "<b>mine</b>")
        page.click("text=Keep")
        page.click(".undo")
        expect_steps(page)
        page.click(".recipes button:has-text('<b>mine</b>')")
        expect_steps(page, "grayscale", "contrast", "vignette")
        assert trouble == []


def test_a_result_is_saved_to_a_bucket(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with gallery(tmp_path, targets="file://kept/") as url, tab(browser, url) as (page, trouble):
        begin(page, url, "?pipeline=resize:50&format=webp")
        page.fill(".save input", "file://kept/small.webp")
        page.click(".save button")
        page.get_by_text("Saved: file://kept/small.webp").wait_for()
        assert decoded((tmp_path / "kept" / "small.webp").read_bytes()).shape[1] == 50
        assert trouble == []
