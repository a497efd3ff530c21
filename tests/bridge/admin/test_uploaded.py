"""Forms with files: as browsers send them, and bytes that are none."""

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.admin.uploaded import MOST, File, read
from bridge.views.web import Problem

SIGN = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"


def body(*parts: tuple[str, bytes]) -> bytes:
    """As Chromium writes it."""
    made = b"".join(
        b"--"
        + SIGN
        + b"\r\nContent-Disposition: form-data; "
        + head.encode()
        + b"\r\n\r\n"
        + data
        + b"\r\n"
        for head, data in parts
    )
    return made + b"--" + SIGN + b"--\r\n"


def test_fields_and_files_are_told_apart() -> None:
    found = read(
        body(
            ('name="csrf"', b"x"),
            ('name="why"', b" new floor "),
            (
                'name="file"; filename="a%22b.csv"\r\nContent-Type: text/csv',
                b"id\r\n--x\r\n\r\nkestrel",
            ),
            ('name="other"; filename=""\r\nContent-Type: application/octet-stream', b""),
        ),
        SIGN,
    )
    assert found.fields == {"csrf": "x", "why": "new floor"}
    assert found.files == {"file": File('a"b.csv', b"id\r\n--x\r\n\r\nkestrel")}, (
        "as it was, no more"
    )


@given(st.binary(max_size=300))
def test_what_is_in_a_file_comes_out_as_it_was(data: bytes) -> None:
    if b"--" + SIGN not in data:
        found = read(body(('name="file"; filename="x"', data)), SIGN)
        assert found.files == ({"file": File("x", data)} if data else {})


@given(
    st.lists(
        st.sampled_from(
            [
                b"--" + SIGN,
                b"--",
                b"\r\n",
                b'name="',
                b'"',
                b"a",
                b"\0",
                b"Content-Disposition: form-data; ",
            ]
        ),
        max_size=12,
    )
)
def test_what_is_no_form_is_refused_or_read_but_never_breaks(parts: list[bytes]) -> None:
    with suppress(Problem):
        read(b"".join(parts), SIGN)


def test_a_form_of_too_many_parts_is_refused() -> None:
    part = ('name="x"', b"")
    assert read(body(*[part] * (MOST - 1)), SIGN).fields == {"x": ""}
    for more in (0, 1, 9):
        with pytest.raises(Problem) as caught:
            read(body(*[part] * (MOST + more)), SIGN)
        assert caught.value.detail == "the form has too many parts"


def test_a_form_of_very_many_parts_is_not_taken_apart() -> None:
    many = b"\r\n--xab" * 100_000
    tracemalloc.start()
    with pytest.raises(Problem):
        read(many, b"x")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * len(many), "each part would take more than it brings"
