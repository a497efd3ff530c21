"""The logo that a site names: a picture, and a small one."""

from pathlib import Path

import pytest

from bridge.displays import logos
from bridge.settings.displays import LARGEST_LOGO, DisplaySettings, display_policy

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("logo.png", PNG + b"x", ""),
        ("LOGO.SVG", b'<?xml version="1.0"?><svg/>', ""),
        ("logo.png", PNG + b"x" * (LARGEST_LOGO - len(PNG)), ""),
        ("logo.png", PNG + b"x" * LARGEST_LOGO, "must be at most 64 KiB"),
        ("logo.png", b"<svg/>", "is not what its name says"),
        ("logo.svg", PNG, "is not what its name says"),
        ("logo.svg", b"", "is not what its name says"),
        ("logo.jpg", b"\xff\xd8", "must be a .png or .svg file"),
        ("logo.png", None, "cannot be read: No such file or directory"),
    ],
)
def test_it_is_a_small_png_or_svg(
    tmp_path: Path, name: str, body: bytes | None, words: str
) -> None:
    file = tmp_path / name
    if body is not None:
        file.write_bytes(body)
    settings = DisplaySettings(logo_file=file)
    assert list(settings.problems()) == ([("logo_file", words)] if words else [])
    policy = display_policy(settings)
    assert policy.logo == str(file)
    assert bool(logos.read([policy.logo], {})) == (
        words in {"", "is not what its name says"} and bool(body)
    )


def test_without_one_there_is_none() -> None:
    assert display_policy(DisplaySettings()).logo == ""
    assert list(DisplaySettings().problems()) == []
