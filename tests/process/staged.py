"""An appliance as `make install` stages it, once for all tests that look at it, in all workers."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from tests.process.conftest import ROOT

SYSTEM_PYTHON = "/usr/bin/python3"
"""Below /root or /home a unit would not see its interpreter."""
USABLE = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"


def run(*words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with more in its environment."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=ROOT,
        env={**os.environ, **more},
        text=True,
        capture_output=True,
        check=False,
    )


def system_python_is_usable() -> bool:
    """Whether the machine's own Python can make the appliance's environment."""
    return Path(SYSTEM_PYTHON).exists() and not run(SYSTEM_PYTHON, "-c", USABLE).returncode


def staged(factory: pytest.TempPathFactory) -> Path:
    """The folder below which everything is: made by whoever comes first, awaited by the others."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, made = shared / "stage", shared / "stage.made"
    with (shared / "stage.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            words = ["make", "install", f"DESTDIR={folder}", "PREFIX=/opt/roombridge"]
            words += [f"PYTHON={SYSTEM_PYTHON}"] if system_python_is_usable() else []
            done = run(*words)
            assert done.returncode == 0, done.stderr
            made.touch()
    return folder
