"""The unit as it is installed, booted by systemd in a container: what it may, and what it survives.

The container (systemd-nspawn) has the machine's own /usr, read-only, and a fresh /etc and /var. A
simulated tenant runs beside the appliance in it; there is no network but its loopback.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.demo import SECRET
from connector.simulators.graph import CLIENT_ID, TENANT_ID
from tests.process.conftest import ROOT
from tests.process.staged import SYSTEM_PYTHON, staged, system_python_is_usable

UNIT = "roombridge.service"
CREDENTIAL = f"/run/credentials/{UNIT}/m365"
MINE = {"/var/lib/roombridge", "/run/roombridge", "/tmp", "/var/tmp"}
"""What the appliance may write; the last two are private to it."""
PLACES = [*MINE, "/", "/etc", "/etc/roombridge", "/usr", "/opt/roombridge", "/var", "/var/lib"]
PLACES += ["/run", "/home", "/root", "/srv", "/boot"]
PATIENCE = 30.0

BRIDGE: dict[str, Any] = {
    "listen": {"address": "127.0.0.1", "port": "8443"},
    "sources": {
        "m365": {
            "kind": "graph",
            "tenant_id": TENANT_ID,
            "client_id": CLIENT_ID,
            "client_secret_file": CREDENTIAL,
            "graph_url": "http://127.0.0.1:9000",
            "login_url": "http://127.0.0.1:9000",
        }
    },
    "poll": {"near": "1s", "far": "1s"},
}
ROOM = {"id": "kestrel", "mailbox": "kestrel@example.com", "time_zone": "Europe/London"}
TENANT = """[Service]
ExecStart=/opt/roombridge/bin/roombridge simulate graph --port 9000 --rooms 1
"""
# The unit's own 30 s would only make the test longer.
SITE = """[Service]
LoadCredentialEncrypted=m365:/etc/credstore.encrypted/roombridge.m365
WatchdogSec=3s
"""


def ran(*words: str | Path, check: bool = True, stdin: str = "") -> str:
    """What a command says; a failure says all it said."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=ROOT,
        text=True,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=PATIENCE * 4,
    )
    assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def until(found: Callable[[], Any], words: str) -> Any:
    """Ask until there is an answer that is true."""
    end = time.monotonic() + PATIENCE
    while not (answer := found()):
        assert time.monotonic() < end, f"never came: {words}"
        time.sleep(0.1)
    return answer


class Machine:
    """A booted container."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self.leader = leader

    def run(self, *words: str, check: bool = True) -> str:
        """What a command in the container says."""
        return ran("nsenter", f"--target={self.leader}", "--all", "--", *words, check=check)

    def unit(self, name: str) -> str:
        """A property of the appliance's unit."""
        return self.run("systemctl", "show", f"--property={name}", "--value", UNIT)

    def active(self) -> bool:
        return self.unit("ActiveState") == "active"

    def journal(self) -> str:
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={UNIT}")

    def name(self) -> str:
        """What the room is called, by its agenda; empty before it was read."""
        told = self.run(
            "/opt/roombridge/bin/roombridge", "agenda", "kestrel", "--json", check=False
        )
        agenda: dict[str, Any] = json.loads(told) if told else {"as_of": None}
        return str(agenda["room"]["name"]) if agenda["as_of"] else ""

    def write(self, name: str = "Kestrel", **more: Any) -> None:
        """The configuration, with the room under this name."""
        folder = self.root / "etc/roombridge"
        (folder / "bridge.yaml").write_text(json.dumps(BRIDGE | more))
        (folder / "rooms.yaml").write_text(json.dumps({"rooms": [ROOM | {"name": name}]}))


def needed() -> None:
    """Skip, with the reason, where no container can be booted."""
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container: sudo make test")
    for probe, package in (("systemd-nspawn", "systemd-container"), ("nsenter", "util-linux")):
        if subprocess.run([ROOT / "scripts/need", probe, package], check=False).returncode:
            pytest.skip(f"{probe} is not there and {package} cannot be installed")
    if not system_python_is_usable():
        pytest.skip(
            f"{SYSTEM_PYTHON} is older than 3.11, or lacks ensurepip (Debian: python3-venv)"
        )


def skeleton(root: Path) -> None:
    """A fresh /etc and /var; everything else is the machine's."""
    for name in ("var", "tmp", "run", "proc", "sys", "dev", "root", "home", "srv", "boot"):
        (root / name).mkdir()
    for name in ("usr", "opt/roombridge", "etc/systemd/system/multi-user.target.wants"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    etc = root / "etc"
    for name in ("os-release", "ld.so.cache"):
        shutil.copy(Path("/etc") / name, etc / name)
    shutil.copytree("/etc/alternatives", etc / "alternatives", symlinks=True)
    # An id from the start: without one systemd enables whatever the machine has installed.
    (etc / "machine-id").write_text(f"{uuid.uuid4().hex}\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\n")


def appliance(root: Path, stage: Path) -> None:
    """What `make install` brings, where it belongs, and a site's own part."""
    units = root / "etc/systemd/system"
    shutil.copy(stage / "usr/lib/systemd/system" / UNIT, units / UNIT)
    for kind in ("sysusers", "tmpfiles"):
        (root / f"etc/{kind}.d").mkdir()
        shutil.copy(stage / f"usr/lib/{kind}.d/roombridge.conf", root / f"etc/{kind}.d")
    (units / "tenant.service").write_text(TENANT)
    (units / f"{UNIT}.d").mkdir()
    (units / f"{UNIT}.d" / "site.conf").write_text(SITE)
    for name in (UNIT, "tenant.service"):
        (units / "multi-user.target.wants" / name).symlink_to(f"../{name}")
    (root / "etc/roombridge").mkdir()
    (root / "etc/credstore.encrypted").mkdir(mode=0o700)


def container(root: Path, stage: Path, *more: str) -> list[str]:
    """The command that starts the container."""
    return [
        *("systemd-nspawn", "--quiet", f"--directory={root}", f"--machine=bridge-{os.getpid()}"),
        *("--register=no", "--keep-unit", "--private-network", "--link-journal=no"),
        *("--bind-ro=/usr", f"--bind-ro={stage}/opt/roombridge:/opt/roombridge"),
        *("--console=pipe", *more),
    ]


@contextlib.contextmanager
def booted(root: Path, stage: Path) -> Iterator[Machine]:
    """Boot, and shut down in the end."""
    environment = os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    process = subprocess.Popen(
        container(root, stage, "--boot"),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Machine(root, until(lambda: _leader(process), "the container's first process"))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _leader(process: "subprocess.Popen[str]") -> int:
    """The container's init once systemd answers in it; skips where it cannot be."""
    if process.poll() is not None:
        pytest.skip(f"no container can be booted here: {process.communicate()[0].strip()}")
    children = ran("pgrep", f"--parent={process.pid}", check=False).split()
    if len(children) != 1:
        return 0
    asked = ["nsenter", f"--target={children[0]}", "--all", "--", "systemctl", "is-system-running"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return int(children[0]) if told in {"starting", "running", "degraded"} else 0


@pytest.fixture(scope="module")
def booted_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    needed()
    stage, root = staged(tmp_path_factory), tmp_path_factory.mktemp("root")
    for path in (stage, root):
        path.parent.chmod(0o755)
    skeleton(root)
    appliance(root, stage)
    for path in (root, stage, stage / "opt"):
        path.chmod(0o755)
    encrypt = (
        "systemd-creds",
        "encrypt",
        "--name=m365",
        "-",
        "/etc/credstore.encrypted/roombridge.m365",
    )
    made = subprocess.run(
        container(root, stage, "--as-pid2", *encrypt),
        input=SECRET, text=True, capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"no container can be started here: {made.stderr.strip()}")
    machine = Machine(root, 0)
    machine.write()
    with booted(root, stage) as started:
        yield started


@pytest.fixture
def machine(booted_machine: Machine) -> Machine:
    """The machine with the appliance at work, whatever was done to it before."""
    booted_machine.write()
    booted_machine.run("systemctl", "reset-failed", UNIT, check=False)
    booted_machine.run("systemctl", "start", UNIT, check=False)
    assert booted_machine.active(), booted_machine.journal()
    until(lambda: booted_machine.name() == "Kestrel", "the room, read")
    return booted_machine


pytestmark = pytest.mark.timeout(240)


def test_after_a_boot_the_appliance_serves_what_it_read_with_its_credential(
    machine: Machine,
) -> None:
    assert machine.active()
    assert machine.unit("StatusErrno") == "0"
    assert machine.unit("User") == "roombridge"
    assert machine.run("systemctl", "is-enabled", UNIT) == "enabled"
    mode, owner = machine.run("stat", "--format=%a %U", CREDENTIAL).split()
    assert (mode, owner) == ("400", "roombridge")


def test_the_credential_lies_in_no_file_in_clear(machine: Machine) -> None:
    found = ran(
        "grep", "-rlF", SECRET, *(machine.root / name for name in ("etc", "var")), check=False
    )
    assert found == ""
    assert (machine.root / "etc/credstore.encrypted/roombridge.m365").stat().st_size > 50


def test_it_can_write_its_own_folders_and_nothing_else(machine: Machine) -> None:
    main = machine.unit("MainPID")
    ids = [machine.run("id", flag, "roombridge") for flag in ("--user", "--group")]
    probe = 'for d; do touch "$d/probe" 2>/dev/null && rm "$d/probe" && echo "$d"; done; true'
    writable = machine.run(
        *(
            "nsenter",
            f"--target={main}",
            "--mount",
            f"--setuid={ids[0]}",
            f"--setgid={ids[1]}",
            "--",
        ),
        *("sh", "-c", probe, "sh", *PLACES),
    )
    assert set(writable.split()) == MINE
    mounts = machine.run("cat", f"/proc/{main}/mountinfo")
    kinds = {line.split()[4]: line.split()[5] for line in mounts.splitlines()}
    for place in ("/", "/usr", "/opt/roombridge"):
        assert "ro" in kinds[place].split(","), place


def test_a_process_that_hangs_is_ended_and_started_anew(machine: Machine) -> None:
    before = machine.unit("MainPID")
    machine.run("kill", "-STOP", before)
    until(lambda: machine.active() and machine.unit("MainPID") not in {before, "0"}, "another one")
    assert "Watchdog timeout" in machine.journal()
    until(lambda: machine.name() == "Kestrel", "the room, served again")


def test_a_reload_takes_the_changed_configuration_without_a_restart(machine: Machine) -> None:
    before = machine.unit("MainPID")
    machine.write(name="Kestrel of the north")
    machine.run("systemctl", "reload", UNIT)
    until(lambda: machine.name() == "Kestrel of the north", "the other name")
    assert machine.unit("MainPID") == before


def test_a_stop_is_clean(machine: Machine) -> None:
    machine.run("systemctl", "stop", UNIT)
    told = {name: machine.unit(name) for name in ("ActiveState", "Result", "ExecMainStatus")}
    assert told == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}
    assert machine.run("find", "/run/roombridge", check=False) == ""


def test_a_configuration_that_cannot_work_is_not_tried_again_and_again(machine: Machine) -> None:
    machine.write(nothing="like that")
    machine.run("systemctl", "restart", UNIT, check=False)
    assert machine.unit("ActiveState") == "failed"
    assert machine.unit("ExecMainStatus") == "2"
    assert "nothing" in machine.journal()


def test_no_image_of_its_memory_is_written(machine: Machine) -> None:
    main = machine.unit("MainPID")
    limits = machine.run("cat", f"/proc/{main}/limits")
    (core,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"]
    # A process that may not be dumped belongs to root there, whoever runs it (proc(5)).
    assert machine.run("stat", "--format=%U", f"/proc/{main}/environ") == "root"
    assert machine.unit("MemorySwapMax") == "0"
    assert SECRET not in machine.run("cat", f"/proc/{main}/environ")
