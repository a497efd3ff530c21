"""`roombridge certificate`: what the appliance shows callers, and one from the site's authority."""

import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bridge.certificate import RENEW_BEFORE, names_of, own_files, own_key, plain, write
from bridge.cli.tables import pretty
from bridge.settings.load import read
from bridge.settings.model import Site
from bridge.settings.problem import Problem, errors
from connector.certificates import Facts, belongs, facts, request


class Wrong(Exception):
    """Told in words, with its exit status."""

    def __init__(self, words: str, status: int = 2) -> None:
        super().__init__(words)
        self.status = status


def show(given: Namespace) -> int:
    """Print the certificate in force; 1 where there is none, or it ends soon."""
    return _told(_show, given)


def ask(given: Namespace) -> int:
    """Print a request for the site's authority, with the key that the appliance keeps."""
    return _told(_ask, given)


def install(given: Namespace) -> int:
    """Take what the authority answered; a running appliance serves it within seconds."""
    return _told(_install, given)


def _told(command: Callable[[Namespace, Site], int], given: Namespace) -> int:
    try:
        return command(given, _site(given.config))
    except Wrong as error:
        print(error, file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2


def _site(config: Path) -> Site:
    """What `bridge.yaml` says of the appliance; what else is wrong with it is not asked here."""
    problems: list[Problem] = []
    configuration = read(config, problems)
    if configuration is None:
        raise Wrong("\n".join(str(problem) for problem in errors(problems)))
    return configuration.site


def _files(site: Site) -> tuple[Path, Path]:
    tls = site.listen.tls
    return (tls.certificate_file, tls.key_file) if tls else own_files(site)


def _show(given: Namespace, site: Site) -> int:
    if plain(site):
        print("plain http is served: on loopback, or a reverse proxy ends TLS", file=sys.stderr)
        return 1
    file, _ = _files(site)
    if not file.exists():
        raise Wrong(f"there is no {file} yet; `roombridge run` makes it", 1)
    told = _facts(file)
    fine = told.expires - datetime.now(UTC) > RENEW_BEFORE
    rows = {
        "file": str(file),
        "fingerprint": told.fingerprint,
        "names": list(told.names),
        "issuer": told.issuer,
        "self_signed": told.self_signed,
        "key": told.key,
        "begins": f"{told.begins:%Y-%m-%dT%H:%M:%SZ}",
        "expires": f"{told.expires:%Y-%m-%dT%H:%M:%SZ}",
    }
    if given.json:
        print(pretty(rows))
    else:
        rows["names"] = ", ".join(told.names)
        rows["self_signed"] = "yes" if told.self_signed else "no"
        for name, value in rows.items():
            print(f"{name.replace('_', '-'):12} {value}")
    return 0 if fine else 1


def _ask(given: Namespace, site: Site) -> int:
    names = given.name or names_of(site)
    if site.listen.tls is not None:
        key = site.listen.tls.key_file.read_bytes()
    else:
        _ready(site)
        key = own_key(site)
    try:
        made = request(names, key).decode()
    except ValueError as error:
        raise Wrong(str(error)) from error
    if given.json:
        print(pretty({"request": made, "names": names}))
        return 0
    print(made, end="")
    print(f"for {', '.join(names)}; give it to your authority, then", file=sys.stderr)
    print("roombridge certificate install FILE", file=sys.stderr)
    return 0


def _install(given: Namespace, site: Site) -> int:
    tls = site.listen.tls
    if tls is not None:
        raise Wrong(f"listen.tls names the certificate: put the new one at {tls.certificate_file}")
    _ready(site)
    certificate, key = own_files(site)
    chain = given.file.read_bytes()
    told = _facts(given.file)
    if b"-----BEGIN" not in chain:
        raise Wrong(f"{given.file}: PEM is wanted", 1)
    if not key.exists() or not belongs(chain, key.read_bytes()):
        words = "its first certificate is not for the appliance's key"
        raise Wrong(f"{given.file}: {words}; `roombridge certificate request` asks for one", 1)
    if told.expires <= datetime.now(UTC):
        raise Wrong(f"{given.file}: it ended on {told.expires:%Y-%m-%d}", 1)
    write(certificate, chain)
    if given.json:
        print(pretty({"fingerprint": told.fingerprint, "names": list(told.names)}))
    else:
        print(f"{told.fingerprint} for {', '.join(told.names)} until {told.expires:%Y-%m-%d}")
    return 0


def _facts(file: Path) -> Facts:
    try:
        return facts(file.read_bytes())
    except ValueError as error:
        raise Wrong(f"{file} is no certificate", 1) from error


def _ready(site: Site) -> None:
    """The key lies in `data_dir`, which belongs to the user that runs the appliance."""
    if not site.data_dir.is_dir():
        raise Wrong(f"there is no {site.data_dir} yet; `roombridge run` makes it")
