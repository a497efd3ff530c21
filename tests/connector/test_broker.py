"""Settings of an MQTT broker."""

from pathlib import Path
from typing import Any

import pytest

from connector.feeds.broker import Broker
from connector.secret import Secret


def wrong(**more: Any) -> list[str]:
    """The keys that something is wrong with."""
    usual: dict[str, Any] = {"url": "mqtts://broker.example.com"}
    return [key for key, _ in Broker(**{**usual, **more}).problems()]


def test_ports_and_topics_are_as_usual_unless_said() -> None:
    broker = Broker(url="mqtts://broker.example.com")
    assert (broker.host, broker.port, broker.tls) == ("broker.example.com", 8883, True)
    assert Broker(url="mqtt://10.0.0.7").port == 1883
    assert Broker(url="mqtt://[::1]:1999/").port == 1999
    assert broker.topic("rooms", "kestrel", "state") == "roombridge/rooms/kestrel/state"


@pytest.mark.parametrize(
    "url",
    ["", "broker", "https://broker", "mqtts://", "mqtts://b/topic", "mqtts://b?x=1", "mqtt://b:x"],
)
def test_what_is_no_address_is_told(url: str) -> None:
    assert wrong(url=url) == ["url"]


def test_a_password_never_travels_in_clear_nor_stands_in_the_address(tmp_path: Path) -> None:
    login: dict[str, Any] = {"username": "bridge", "password": Secret("x")}
    assert wrong(url="mqtt://broker.example.com", **login) == ["url"]
    assert wrong(url="mqtt://127.0.0.1", **login) == []
    assert wrong(url="mqtts://bridge:x@broker.example.com") == ["url"]
    assert wrong(password=Secret("x")) == ["username"]
    assert wrong(ca_file=tmp_path / "none.pem") == ["ca_file"]
    (tmp_path / "ca.pem").touch()
    assert wrong(url="mqtt://broker", ca_file=tmp_path / "ca.pem") == ["ca_file"]
    assert wrong(ca_file=tmp_path / "ca.pem") == []


@pytest.mark.parametrize("prefix", ["", "/", "a//b", "a/+", "#", "a\nb", "x" * 65])
def test_a_prefix_holds_no_wildcard(prefix: str) -> None:
    assert wrong(prefix=prefix) == ["prefix"]
    assert wrong(prefix="site/house 1") == []
