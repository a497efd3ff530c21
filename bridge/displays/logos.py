"""The logos that the configuration names, read once for all displays."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from bridge.settings.displays import LARGEST_LOGO
from bridge.views.display import Logo

_KINDS = {".png": "image/png", ".svg": "image/svg+xml"}


def read(files: Iterable[str], known: Mapping[str, Logo]) -> Mapping[str, Logo]:
    """Each file's logo; one that cannot be read now stays as it was. Blocks."""
    found = {}
    for file in files:
        kind = _KINDS.get(Path(file).suffix.lower())
        try:
            with Path(file).open("rb") as opened:
                body = opened.read(LARGEST_LOGO + 1)
        except OSError:
            body = b""
        if kind and 0 < len(body) <= LARGEST_LOGO:
            digest = hashlib.blake2b(body, digest_size=12).hexdigest()
            found[file] = Logo(body, kind, f'"{digest}"')
        elif file in known:
            found[file] = known[file]
    return found
