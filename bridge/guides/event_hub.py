"""An Event Hub into which Microsoft puts notifications, and from which the appliance takes them.

https://learn.microsoft.com/graph/change-notifications-delivery-event-hubs
"""

from bridge.guides.known import Known
from bridge.guides.step import Step
from bridge.quoting import sh

SENDER = "0bf30f3b-4a52-48df-9a82-234910c4a086"
"""The application Microsoft Graph Change Tracking, in every tenant the same."""
GROUP = "room-calendar-bridge"


def steps(known: Known) -> list[Step]:
    """What to make in Azure; nothing where no hub is configured."""
    if known.settings.get("notifications") != "eventhub":
        return []
    sends = _by_vault(known) if known.settings.get("eventhub.key_vault_secret") else _by_role()
    return [_hub(known), sends, _listens(known)]


def _hub(known: Known) -> Step:
    namespace = known.get("eventhub.namespace").partition(".")[0]
    hub = known.get("eventhub.hub")
    consumer = known.settings.get("eventhub.consumer_group", "$Default")
    place = f"--namespace-name {sh(namespace)} --resource-group {GROUP}"
    own = consumer != "$Default"
    more = [
        f"az eventhubs eventhub consumer-group create --eventhub-name {sh(hub)} {place} \\",
        f"    --name {sh(consumer)}",
    ]
    return Step(
        title="Make the Event Hub",
        words="In the Azure CLI, or Cloud Shell. Two partitions are plenty; a message is wanted for"
        " minutes, a day is the least that is kept.",
        language="sh",
        commands=[
            f"az group create --name {GROUP} --location <location>",
            f"az eventhubs namespace create --name {sh(namespace)} --resource-group {GROUP} \\",
            f"    --sku {'Standard' if own else 'Basic'} --minimum-tls-version 1.2",
            f"az eventhubs eventhub create --name {sh(hub)} {place} \\",
            "    --partition-count 2 --cleanup-policy Delete --retention-time 24",
            *(more if own else []),
            f"hub=$(az eventhubs eventhub show --name {sh(hub)} {place} --query id --output tsv)",
        ],
    )


def _by_role() -> Step:
    return Step(
        title="Let Microsoft Graph send to it",
        words="Its service is called Microsoft Graph Change Tracking. The first command makes it"
        " known in the tenant and fails where it is.",
        language="sh",
        commands=[
            f"az ad sp create --id {SENDER}",
            "az role assignment create --role 'Azure Event Hubs Data Sender' \\",
            f'    --assignee {SENDER} --scope "$hub"',
        ],
    )


def _by_vault(known: Known) -> Step:
    secret = known.get("eventhub.key_vault_secret")
    vault = secret.partition("//")[2].partition(".")[0]
    name = secret.rstrip("/").rpartition("/")[2]
    hub = sh(known.get("eventhub.hub"))
    namespace = sh(known.get("eventhub.namespace").partition(".")[0])
    place = f"--eventhub-name {hub} --namespace-name {namespace} --resource-group {GROUP}"
    return Step(
        title="Let Microsoft Graph send to it, by a key vault",
        words="The older way: a policy with Send, whose connection string Microsoft Graph Change"
        " Tracking may read. Without eventhub.key_vault_secret a role does it.",
        language="sh",
        commands=[
            f"az eventhubs eventhub authorization-rule create {place} --name send --rights Send",
            f"send=$(az eventhubs eventhub authorization-rule keys list {place} --name send \\",
            "    --query primaryConnectionString --output tsv)",
            f"az keyvault create --name {sh(vault)} --resource-group {GROUP} \\",
            "    --enable-rbac-authorization false",
            f'az keyvault secret set --vault-name {sh(vault)} --name {sh(name)} --value "$send" \\',
            "    --output none",
            f"az keyvault set-policy --name {sh(vault)} --secret-permissions get --spn {SENDER}",
        ],
    )


def _listens(known: Known) -> Step:
    if known.settings.get("eventhub.signed"):
        hub = sh(known.get("eventhub.hub"))
        namespace = sh(known.get("eventhub.namespace").partition(".")[0])
        place = f"--eventhub-name {hub} --namespace-name {namespace} --resource-group {GROUP}"
        return Step(
            title="Let the appliance listen, by a policy",
            words="Its connection string goes into the file or vault that the configuration names:"
            " eventhub.connection_string_file.",
            language="sh",
            commands=[
                f"az eventhubs eventhub authorization-rule create {place} \\",
                "    --name listen --rights Listen",
                f"az eventhubs eventhub authorization-rule keys list {place} --name listen \\",
                "    --query primaryConnectionString --output tsv",
            ],
        )
    return Step(
        title="Let the appliance listen",
        words="The application of step 2. Open port 5671 from the appliance to the namespace, or"
        " set eventhub.transport: websocket for 443. The role acts after some minutes.",
        language="sh",
        commands=[
            "az role assignment create --role 'Azure Event Hubs Data Receiver' \\",
            f'    --assignee {sh(known.get("client_id"))} --scope "$hub"',
        ],
    )
