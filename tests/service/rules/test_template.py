"""Where outputs go: from a key's own parts, and never out of the bucket."""

import pytest

from service.rules.globs import Glob, common_key
from service.rules.template import Template, TemplateError
from storage.address import Address
from storage.errors import BadAddressError

FILLED = {
    "all": ("gs://o/{dir}/{stem}-{output}.{ext}", "x/y/a.b.jpg", "gs://o/x/y/a.b-small.webp"),
    "no-folder": ("gs://o/{dir}/{stem}.{ext}", "a.jpg", "gs://o/a.webp"),
    "no-folder-in-the-middle": ("gs://o/t/{dir}/{name}", "a.jpg", "gs://o/t/a.jpg"),
    "name-and-suffix": ("gs://o/{name}/{suffix}.{ext}", "a.JPG", "gs://o/a.JPG/JPG.webp"),
    "no-suffix": ("gs://o/{stem}.{suffix}{ext}", "x/a", "gs://o/a.webp"),
    "hidden-file": ("gs://o/{stem}.{ext}", ".jpg", "gs://o/.jpg.webp"),
    "braces-in-a-key": ("gs://o/{stem}.{ext}", "{dir}.jpg", "gs://o/{dir}.webp"),
    "percent-stays": ("gs://o/{stem}.{ext}", "..%2f..%2fa.jpg", "gs://o/..%2f..%2fa.webp"),
}


@pytest.mark.parametrize(("template", "key", "made"), FILLED.values(), ids=FILLED)
def test_fill(template: str, key: str, made: str) -> None:
    assert str(Template(template).fill(key, "small", "webp")) == made


REFUSED = {
    "dots": ("gs://o/{stem}/x", "...jpg"), "one-dot": ("gs://o/{dir}/{stem}/x", "x/..jpg"),
    "parent-from-two-parts": ("gs://o/.{stem}/x", "..jpg"), "too-long": ("gs://o/{name}{name}", "a" * 600),
}  # fmt: skip


@pytest.mark.parametrize(("template", "key"), REFUSED.values(), ids=REFUSED)
def test_no_key_leads_out(template: str, key: str) -> None:
    with pytest.raises(BadAddressError):
        Template(template).fill(key, "small", "webp")


WRONG = {
    "unknown-field": ("gs://o/{stm}", "Did you mean {stem}"), "field-in-the-bucket": ("gs://{dir}/a", "not a template"),
    "no-key": ("gs://o/", "needs a key"), "stray-brace": ("gs://o/a}b", "no field"), "parent": ("gs://o/../{stem}", "segment"),  # noqa: E501
    "no-scheme": ("o/{stem}", "not a template"), "empty-field": ("gs://o/{}", "no field"),
}  # fmt: skip


@pytest.mark.parametrize(("template", "why"), WRONG.values(), ids=WRONG)
def test_refuses(template: str, why: str) -> None:
    with pytest.raises(TemplateError, match=why):
        Template(template)


KEYS = ["a.jpg", "x/a.jpg", "x/y/a.b.jpg", "x/.jpg", "in/a.jpg", "in/x/a.jpg"]


@pytest.mark.parametrize("when", ["**.jpg", "*.jpg", "x/**", "in/**/a.jpg", "x/*.{jpg,png}", "**/*.jpg", "**"])
@pytest.mark.parametrize("to", ["{dir}/{stem}.webp", "t/{dir}/{name}", "{stem}{suffix}", "{output}/{dir}-{stem}.{ext}"])
def test_images_take_whatever_is_filled(when: str, to: str) -> None:
    glob, template = Glob(f"gs://b/{when}"), Template(f"gs://o/{to}")
    for key in KEYS:
        if glob.matches(Address("gs", "b", key)):
            made = Glob("gs://o/" + template.fill(key, "s", "webp").key.replace("{", "\\{")).alternatives[0]
            assert any(common_key(image, made) is not None for image in template.images(glob, "s", "webp")), key
