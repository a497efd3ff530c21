"""`make install` puts an appliance where an appliance is, and systemd agrees with its unit."""

import shutil
from pathlib import Path

import pytest

from tests.process.conftest import ROOT
from tests.process.staged import run, staged

UNIT = ROOT / "systemd" / "roombridge.service"
SYSTEM_UNITS = Path("/usr/lib/systemd/system")

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze") or not SYSTEM_UNITS.is_dir(),
    reason="no systemd-analyze here: scripts/need systemd-analyze systemd",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An appliance below a folder, with the parts of Debian that its unit refers to."""
    folder = staged(tmp_path_factory)
    shutil.copytree(
        SYSTEM_UNITS, folder / SYSTEM_UNITS.relative_to("/"), dirs_exist_ok=True, symlinks=True
    )
    (folder / "bin").mkdir(exist_ok=True)
    shutil.copy("/bin/kill", folder / "bin" / "kill")
    return folder


@needs_systemd
def test_the_unit_is_shut_in_as_far_as_it_can_be() -> None:
    told = run("systemd-analyze", "security", "--offline=true", "--threshold=12", UNIT)
    assert told.returncode == 0, told.stdout
    assert not told.stderr


@needs_systemd
@pytest.mark.timeout(300)
def test_systemd_has_nothing_to_say_about_the_staged_unit(stage: Path) -> None:
    told = run("systemd-analyze", "verify", f"--root={stage}", "roombridge.service")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.timeout(300)
def test_the_user_and_the_folders_are_made_as_declared(stage: Path) -> None:
    users = run("systemd-sysusers", f"--root={stage}", "roombridge.conf")
    assert users.returncode == 0, users.stderr
    assert "roombridge:" in (stage / "etc" / "passwd").read_text()
    folders = run("systemd-tmpfiles", f"--root={stage}", "--create", "roombridge.conf")
    assert folders.returncode == 0, folders.stderr
    assert oct((stage / "etc/roombridge").stat().st_mode & 0o777) == "0o750"
    assert oct((stage / "var/lib/roombridge").stat().st_mode & 0o777) == "0o700"


@pytest.mark.timeout(300)
def test_the_staged_program_runs_with_its_own_packages(stage: Path, tmp_path: Path) -> None:
    python = stage / "opt/roombridge/bin/python"
    for name in ("bridge", "rooms"):
        example = (stage / f"etc/roombridge/{name}.yaml.example").read_text()
        here = example.replace(
            'password: "vault:endpoint/kestrel-codec"', "password_file: secrets/codec"
        )
        (tmp_path / f"{name}.yaml").write_text(here)
    (tmp_path / "secrets").mkdir()
    for name in ("m365", "codec"):
        (tmp_path / "secrets" / name).write_text("x")
        (tmp_path / "secrets" / name).chmod(0o640)
    told = run(python, "-I", "-m", "bridge", "check", "--config", tmp_path / "bridge.yaml")
    assert (told.returncode, told.stdout) == (0, "")
    where = run(python, "-I", "-c", "import bridge, rooms, connector; print(bridge.__file__)")
    assert where.stdout.startswith(str(stage))
    missing = run(python, "-I", "-c", "import pytest")
    assert missing.returncode != 0, "what only developers need is installed too"


@pytest.mark.timeout(300)
def test_the_manual_page_and_what_shells_complete_by_are_where_they_are_looked_for(
    stage: Path,
) -> None:
    wanted = {
        "man/man1/roombridge.1": ".TH ROOMBRIDGE 1",
        "bash-completion/completions/roombridge": "complete -F _roombridge roombridge",
        "zsh/vendor-completions/_roombridge": "#compdef roombridge",
        "fish/vendor_completions.d/roombridge.fish": "complete -c roombridge",
    }
    for name, text in wanted.items():
        file = stage / "usr/share" / name
        assert text in file.read_text()
        assert oct(file.stat().st_mode & 0o777) == "0o644"
        assert str(stage) not in file.read_text()


@pytest.mark.timeout(300)
def test_nothing_that_is_staged_names_the_staging_folder(stage: Path) -> None:
    for file in (stage / "opt/roombridge/bin").iterdir():
        if file.is_file() and not file.is_symlink():
            assert str(stage).encode() not in file.read_bytes(), file
    assert (stage / "usr/bin/roombridge").readlink() == Path("/opt/roombridge/bin/roombridge")
    assert (stage / "opt/roombridge/share/doc/README.md").exists()
    assert (stage / "opt/roombridge/share/doc/NOTICE").read_text().count("Cisco") > 3
