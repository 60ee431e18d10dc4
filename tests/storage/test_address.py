"""Addresses: read as they are written, refused where a client would reach something else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.address import Address
from storage.errors import BadAddressError

GOOD = {
    "gs://in/photos/a.jpg": Address("gs", "in", "photos/a.jpg"),
    "s3://b.c-d_e/a b+%2F?x=1#y": Address("s3", "b.c-d_e", "a b+%2F?x=1#y"),
    "file://inbox/ü/日.jpg": Address("file", "inbox", "ü/日.jpg"),
    "memory://b/..a/b..": Address("memory", "b", "..a/b.."),
    "gs://in//a": Address("gs", "in", "/a"),
    "gs://in/a/": Address("gs", "in", "a/"),
}


@pytest.mark.parametrize("text", GOOD)
def test_good(text: str) -> None:
    assert Address.parse(text) == GOOD[text]
    assert str(GOOD[text]) == text


@pytest.mark.parametrize(
    "text",
    ["", "gs:", "gs://", "gs://in", "gs://in/", "gs:/in/a", "GS://in/a", "://in/a", "in/a", "gs://../a", "gs://.in/a",
     "gs://in:80/a", "gs://u@in/a", "gs://in/../a", "gs://in/a/.", "gs://in/a\nb", "gs://in/\0", "gs://i n/a",
     "gs://in\\/a", f"gs://in/{'a' * 1025}", f"gs://{'a' * 223}/a", " gs://in/a", "gs://in/a\x9f", "gs://in/\ud800",
     "g" * 17 + "://in/a"],
)  # fmt: skip
def test_bad(text: str) -> None:
    with pytest.raises(BadAddressError):
        Address.parse(text)


def test_a_prefix_may_have_no_key() -> None:
    assert Address.parse_prefix("gs://in").key == Address.parse_prefix("gs://in/").key == ""


TEXTS = st.one_of(
    st.text(),
    st.builds(
        "{}://{}/{}".format, st.sampled_from(["gs", "s3", "file", "g:"]), st.text("ab.-_/@", max_size=4), st.text()
    ),
)


def test_any_text_is_read_back_or_refused() -> None:
    heard = 0

    @given(TEXTS)
    def each(text: str) -> None:
        nonlocal heard
        with contextlib.suppress(BadAddressError):
            address = Address.parse(text)
            heard += 1
            assert str(address) == text
            assert Address.parse(str(address)) == address

    each()
    assert heard > 0


def test_any_key_is_read_back_or_refused() -> None:
    heard = 0

    @given(st.text(min_size=1))
    def each(key: str) -> None:
        nonlocal heard
        address = Address("gs", "in", key)
        with contextlib.suppress(BadAddressError):
            address.check()
            heard += 1
            assert Address.parse(str(address)) == address

    each()
    assert heard > 0
