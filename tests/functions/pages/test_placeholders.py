"""A picture's BlurHash is drawn until the picture has come."""

from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, Route, expect

from tests.functions.pages.browsing import gallery, loaded, store, tab, wait

_MEANS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const side = (from) => [0, 1, 2].map(channel => {
    let sum = 0;
    for (let y = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width / 2; x++) sum += data[4 * (y * canvas.width + x + from) + channel];
    }
    return sum / (canvas.height * canvas.width / 2);
  });
  return [side(0), side(canvas.width / 2)];
}"""


def test_it_looks_like_the_picture_until_that_is_there(browser: Browser, tmp_path: Path) -> None:
    pixels = np.zeros((90, 120, 3), np.uint8)
    pixels[:, :60], pixels[:, 60:] = (40, 60, 200), (200, 160, 30)
    with gallery(tmp_path) as server, tab(browser, server) as (page, trouble):
        store(server, "two halves.png", bytes(cv2.imencode(".png", pixels)[1]))
        held: list[Route] = []
        page.route("**/v1/images/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
        page.goto(server, wait_until="commit")
        wait(page, "document.querySelector('.frame canvas')")
        left, right = page.locator(".frame canvas").evaluate(_MEANS)
        assert np.allclose(left, (200, 60, 40), atol=45)
        assert np.allclose(right, (30, 160, 200), atol=45)
        for route in held:
            route.continue_()
        loaded(page, ".frame img")
        expect(page.locator(".frame canvas")).to_have_count(0)
        assert trouble == []
