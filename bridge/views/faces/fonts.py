"""Fonts for pictures: those that come with the program, then those that the system has.

A font of Pillow belongs to the thread that uses it. Everything here is used by one thread only.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFont, features

from rooms.display import LANGUAGES

_SHIPPED = ("fontpkg_noto_sans", "fontpkg_heebo", "fontpkg_noto_sans_arabic")
"""Latin, Greek and Cyrillic; Hebrew; Arabic. Under the SIL Open Font License."""
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
_OF_SYSTEM = (
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansArmenian-Regular.ttf",
    "NotoSansGeorgian-Regular.ttf",
    "DejaVuSans.ttf",
)
"""Looked for in this order; more of them are asked for in vain only where they are needed."""
_FACES_OF_CJK = {"ja": 0, "ko": 1, "zh": 2}
"""Which face of the collection writes shared characters as a language does."""
_NOWHERE = "\U0010ffff"
"""No font has a glyph for it: what this looks like is what is missing."""
_SAMPLES = {"ja": "会議室", "zh": "会议室", "ar": "غرفة", "he": "חדר"}

Font = ImageFont.FreeTypeFont


class Face(NamedTuple):
    """A file with a font in it."""

    path: str
    number: int = 0
    """Which one of a collection."""
    varies: bool = False
    """Whether its weight can be chosen."""


class Run(NamedTuple):
    """Characters that one font writes."""

    text: str
    font: Font


def shapes_scripts() -> bool:
    """Whether letters are joined and written in their direction (libraqm, in Pillow's wheels)."""
    return bool(features.check("raqm"))


def faces(language: str) -> tuple[Face, ...]:
    """All that there are, those first that suit a language."""
    return (*_shipped(), *_system(language))


def _shipped() -> Iterator[Face]:
    for name in _SHIPPED:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder, "files").glob("*.ttf")):
                if "Italic" not in path.name:
                    yield Face(str(path), varies="wght" in path.name)


@lru_cache(maxsize=32)
def _system(language: str) -> tuple[Face, ...]:
    found = []
    for pattern in _OF_SYSTEM:
        paths = [path for folder in _FOLDERS for path in sorted(Path(folder).rglob(pattern))]
        if paths:
            number = _FACES_OF_CJK.get(language, 0) if "CJK" in pattern else 0
            found.append(Face(str(paths[0]), number))
    return tuple(found)


class Fonts:
    """The fonts of one language."""

    def __init__(self, language: str = "en") -> None:
        self._faces = faces(language)
        if not self._faces:
            raise FileNotFoundError("no font was found; install fontpkg-noto-sans")
        self._loaded: dict[tuple[Face, int, bool], Font] = {}
        self._has: dict[tuple[Face, str], bool] = {}

    def font(self, face: Face, size: int, *, bold: bool) -> Font:
        """A font in a size, in pixels of its em."""
        key = (face, size, bold)
        if key not in self._loaded:
            if len(self._loaded) > 200:
                self._loaded.clear()
            font = ImageFont.truetype(face.path, size, index=face.number)
            if face.varies:
                axes = font.get_variation_axes()
                weight = 700 if bold else 500
                values = [
                    weight if b"eight" in one["name"] else one["default"] or 0 for one in axes
                ]
                font.set_variation_by_axes([float(one) for one in values])
            self._loaded[key] = font
        return self._loaded[key]

    def has(self, face: Face, character: str) -> bool:
        """Whether a font has a glyph for a character."""
        key = (face, character)
        if key not in self._has:
            if len(self._has) > 20_000:
                self._has.clear()
            font = self.font(face, 24, bold=False)
            self._has[key] = _bits(font, character) != _bits(font, _NOWHERE)
        return self._has[key]

    def runs(self, text: str, size: int, *, bold: bool = False) -> list[Run]:
        """A text cut where the font changes. What none can write is left to the first one's box."""
        runs: list[tuple[str, Face]] = []
        for character in text:
            face = self._face(character, runs[-1][1] if runs else self._faces[0])
            if runs and runs[-1][1] == face:
                runs[-1] = (runs[-1][0] + character, face)
            else:
                runs.append((character, face))
        return [Run(part, self.font(face, size, bold=bold)) for part, face in runs]

    def _face(self, character: str, before: Face) -> Face:
        """The font of a character: what joins words stays with what stands before it."""
        if character.isspace() or unicodedata.combining(character):
            return before
        if not character.isalpha() and self.has(before, character):
            return before
        return next((face for face in self._faces if self.has(face, character)), self._faces[0])

    def writes(self, text: str) -> bool:
        """Whether all its characters can be written."""
        return all(
            one.isspace() or any(self.has(face, one) for face in self._faces) for one in set(text)
        )


@lru_cache(maxsize=len(LANGUAGES))
def fonts_of(language: str) -> Fonts:
    """The fonts of a language, opened once."""
    return Fonts(language)


def _bits(font: Font, character: str) -> bytes:
    return bytes(font.getmask(character, mode="1"))


def unwritten(languages: Sequence[str]) -> frozenset[str]:
    """Languages whose script no font here can write: their words are told in English instead."""
    found = set()
    for one in languages:
        joins = one in {"ar", "he"} and not shapes_scripts()
        if one in _SAMPLES and (joins or not fonts_of(one).writes(_SAMPLES[one])):
            found.add(one)
    return frozenset(found)
