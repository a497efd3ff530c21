"""Settings of an Event Hub, and how Graph is told of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.secret import Secret
from connector.sources.graph.hub import EventHub, policy
from tests.connector.hub_site import NAME, STRING
from tests.fakes.event_hubs import HUB, KEY


def problems(**more: Any) -> dict[str, str]:
    usual: dict[str, Any] = {"namespace": NAME, "hub": HUB, "tenant_domain": "example.com"}
    return dict(EventHub(**{**usual, **more}).problems())


def test_a_hub_needs_its_namespace_its_name_and_a_domain() -> None:
    assert set(dict(EventHub().problems())) == {"namespace", "hub", "tenant_domain"}
    assert problems() == {}
    assert problems(connection_string=Secret(STRING), address="10.0.0.5:5671") == {}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("namespace", "example"),
        ("namespace", "https://example.servicebus.windows.net"),
        ("hub", "a/b"),
        ("consumer_group", "a b"),
        ("tenant_domain", "example.com&x=1"),
        ("address", "https://10.0.0.5"),
        ("key_vault_secret", "http://vault.example.com/secrets/hub"),
        ("key_vault_secret", "https://vault.example.com/keys/hub"),
        ("key_vault_secret", "https://vault.example.com/secrets/hub?x=1"),
    ],
)
def test_what_cannot_be_is_a_problem(setting: str, value: str) -> None:
    assert set(problems(**{setting: value})) == {setting}


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        STRING.replace(NAME, "other.servicebus.windows.net"),
        STRING.replace(f"EntityPath={HUB}", "EntityPath=other"),
        STRING.replace("sb://", "http://"),
        f"Endpoint=sb://{NAME}/;SharedAccessSignature=sr=x",
    ],
)
def test_a_connection_string_must_be_of_this_hub(text: str) -> None:
    found = problems(connection_string=Secret(text))
    assert set(found) == {"connection_string_file"}
    assert KEY not in found["connection_string_file"]


def test_graph_is_told_of_a_hub_in_either_way() -> None:
    hub = EventHub(namespace=NAME, hub=HUB, tenant_domain="example.com")
    expected = f"EventHub:https://{NAME}/eventhubname/{HUB}?tenantId=example.com"
    assert hub.notification_url == expected
    vault = "https://vault.vault.azure.net/secrets/hub"
    hub = EventHub(namespace=NAME, hub=HUB, tenant_domain="example.com", key_vault_secret=vault)
    assert hub.notification_url == f"EventHub:{vault}?tenantId=example.com"


REFUSALS = {
    "must be a connection string with Endpoint, SharedAccessKeyName and …Key",
    "its Endpoint must be sb:// and the namespace",
}


@given(st.text() | st.text().map(lambda text: STRING.replace(NAME, text)))
def test_a_connection_string_is_read_or_refused_without_a_word_of_it(text: str) -> None:
    refusals = set()
    try:
        policy(Secret(text))
    except ValueError as error:
        refusals.add(str(error))
    assert refusals <= REFUSALS
