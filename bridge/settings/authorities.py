"""Files of certificate authorities that outgoing TLS trusts."""

import ssl
from pathlib import Path

from bridge.settings.problem import Place


class Authorities:
    """Checks such files, each once: thousands of room systems may name the same one."""

    def __init__(self) -> None:
        self._faults: dict[Path, str] = {}

    def check(self, file: Path | None, place: Place) -> bool:
        """Whether a file will do; what is wrong with it is reported."""
        if file is None:
            return True
        if file not in self._faults:
            self._faults[file] = _fault(file)
        if self._faults[file]:
            place.error(self._faults[file])
        return not self._faults[file]


def _fault(file: Path) -> str:
    try:
        ssl.create_default_context(cafile=file)
    except FileNotFoundError:
        return f"there is no file {file}"
    except OSError as error:
        return f"{file} holds no certificates: {error.strerror or error}"
    return ""
