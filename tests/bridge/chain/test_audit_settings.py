"""What `audit` in bridge.yaml may say."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.bridge.test_settings import GRAPH, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    ("audit", "place"),
    [
        ("{every: 59s}", "audit.every"),
        ("{every: 25h}", "audit.every"),
        ("{syslog: {}}", "audit.syslog.host"),
        ("{syslog: {transport: local, host: x}}", "audit.syslog.host"),
        ("{syslog: {transport: smoke, host: x}}", "audit.syslog.transport"),
        ("{syslog: {host: x, port: 65536}}", "audit.syslog.port"),
        ("{syslog: {host: x, facility: 24}}", "audit.syslog.facility"),
        ("{webhook: {}}", "audit.webhook.url"),
        ("{webhook: {url: 'http://siem.example.com/planted'}}", "audit.webhook.url"),
        ("{webhook: {url_file: nowhere}}", "audit.webhook.url_file"),
    ],
)
def test_wrong_settings_are_told_with_their_place(folder: Folder, audit: str, place: str) -> None:
    (problem,) = folder.problems(f"{GRAPH}audit: {audit}\n")
    assert place in str(problem)
    assert "planted" not in str(problem)


def test_secrets_of_the_webhook_come_from_files(folder: Folder) -> None:
    folder.write("url", "https://siem.example.com/planted").chmod(0o600)
    folder.write("sign", "planted").chmod(0o600)
    settings = folder.good(
        f"{GRAPH}audit: {{every: 10m, webhook: {{url_file: url, secret_file: sign}},"
        " syslog: {transport: local}}\n"
    ).site.audit
    assert settings.every == timedelta(minutes=10)
    assert settings.webhook is not None
    assert settings.webhook.secret is not None
    assert settings.webhook.secret.reveal() == "planted"
    assert "planted" not in repr(settings)
    assert settings.syslog is not None
    assert settings.syslog.path == Path("/dev/log")


def test_without_it_nothing_is_sent(folder: Folder) -> None:
    settings = folder.good().site.audit
    assert (settings.syslog, settings.webhook) == (None, None)
