"""What codes mean and what mends them, in words for people."""

from bridge.advice import Advice
from bridge.device_words import DEVICES

ADVICE = {
    "never_read": Advice(
        "the calendar has not been read yet",
        "wait a minute; if it stays, look at the health of the calendar source",
    ),
    "stale": Advice(
        "the calendar has not been read for longer than stale_after",
        "the last good agenda is shown with its age; the entries beside this one say why",
    ),
    "timeout": Advice(
        "no answer in time",
        "check the network between the appliance and the service; it is tried again by itself",
    ),
    "unreachable": Advice(
        "it cannot be reached",
        "check name resolution, firewall and proxy from the appliance; it is tried again by itself",
    ),
    "broken_off": Advice(
        "the answer broke off", "it is tried again by itself; look at proxies if it stays"
    ),
    "throttled": Advice(
        "the service asks for fewer requests", "the bridge slows down by itself; nothing to do"
    ),
    "service_error": Advice(
        "the service has a fault of its own",
        "look at the service's status page; it is tried again by itself",
    ),
    "notifications_failing": Advice(
        "the service does not tell of changes",
        "nothing is lost: calendars are polled meanwhile, and it is tried again by itself; the"
        " words tell what it answered",
    ),
    "discovery_denied": Advice(
        "the identity may not list the rooms of the service",
        "calendars are read all the same; to have rooms proposed, grant it as the guide of the"
        " service says (Microsoft 365: `roombridge guide entra`)",
    ),
    "discovery_failing": Advice(
        "the rooms of the service could not be listed",
        "calendars are read all the same; it is tried again within an hour or two",
    ),
    "discovery_shrunk": Advice(
        "the service lists far fewer rooms than before; not believed yet",
        "nothing changes by it; `roombridge rooms discover --source {source}` asks again",
    ),
    "discovery_doubled": Advice(
        "the service lists twice as many rooms as before; not believed yet",
        "nothing changes by it; `roombridge rooms discover --source {source}` asks again",
    ),
    "discovery_differs": Advice(
        "the service's room list and the inventory do not agree",
        "`roombridge rooms discover --source {source}` shows where; nothing changes by itself",
    ),
    "mqtt_failing": Advice(
        "the MQTT broker does not take how rooms stand",
        "check mqtt in bridge.yaml and the broker; it is tried again by itself, and everything is"
        " sent anew then",
    ),
    "presence_failing": Advice(
        "the service does not take the presence of rooms",
        "calendars are read all the same; grant the permission (Microsoft 365: `roombridge guide"
        " entra`), or set the source's presence to none",
    ),
    "credentials_refused": Advice(
        "the service refuses the credentials", "renew the secret or certificate and reload"
    ),
    "token_refused": Advice(
        "the service refuses a new token", "check the app registration and the appliance's clock"
    ),
    "credentials_missing": Advice(
        "the secret or certificate that the configuration names cannot be read",
        "`roombridge check` tells which; put it back, then `roombridge sources authorize {source}`",
    ),
    "kerberos_missing": Advice(
        "the libraries that Kerberos needs are not installed",
        "install the extra `kerberos`, as docs/sources-exchange.md says, and restart",
    ),
    "kerberos_failed": Advice(
        "the machine's Kerberos does not work",
        "try `kinit` and `kvno HTTP/…` with the appliance's settings: they tell more",
    ),
    "ticket_expired": Advice(
        "the Kerberos ticket has expired", "name a keytab in KRB5_CLIENT_KTNAME, or run kinit again"
    ),
    "spn_wrong": Advice(
        "the server's name is not registered with Kerberos as it should be",
        "register HTTP/… once only, for the account whose key all servers have (setspn), or write"
        " the registered name into `url`",
    ),
    "clock_skewed": Advice(
        "the clocks are too far apart for Kerberos",
        "let appliance, domain controllers and server take the time from one source (NTP)",
    ),
    "server_unproven": Advice(
        "the server did not prove by Kerberos who it is",
        "a proxy stands between, or the name leads elsewhere: let the appliance reach the server",
    ),
    "managed_identity_refused": Advice(
        "the machine gives out no such identity",
        "connect the machine to Azure Arc, and let the appliance read its agent's key files",
    ),
    "vault_needed": Advice(
        "the authorization of a service account needs the vault, and there is none",
        "roombridge secrets init, restart, then roombridge sources authorize {source}",
    ),
    "vault_unwritable": Advice(
        "the vault cannot be written",
        "free space on data_dir's file system, or mend the disk; then authorize again",
    ),
    "authorization_needed": Advice(
        "nobody has signed in for this source, or the sign-in is over",
        "roombridge sources authorize {source}",
    ),
    "sign_in_expired": Advice(
        "nobody signed in in time",
        "roombridge sources authorize {source}",
    ),
    "sign_in_declined": Advice(
        "whoever signed in said no",
        "roombridge sources authorize {source}, and let the service account agree",
    ),
    "wrong_account": Advice(
        "another account signed in than delegate.account names",
        "roombridge sources authorize {source}, and sign in as the account of the configuration",
    ),
    "source_revoked": Advice(
        "somebody revoked this source: it is not read, the last agendas stay",
        "give it a new credential, then roombridge sources authorize {source}",
    ),
    "secrets_left": Advice(
        "the vault could not be written: secrets of a revoked source are still in it",
        "mend the vault, then roombridge sources revoke {source} again",
    ),
    "credential_expiring_60": Advice(
        "a credential ends within 60 days",
        "make a new one and configure it beside the old one as next_certificate_file or"
        " next_client_secret_file",
    ),
    "credential_expiring_30": Advice(
        "a credential ends within 30 days",
        "configure a new one as next_certificate_file or next_client_secret_file; for a"
        " service account roombridge sources authorize {source}",
    ),
    "credential_expiring_7": Advice(
        "a credential ends within 7 days: then no calendar is read",
        "configure a new one now as next_certificate_file or next_client_secret_file; "
        "for a service account roombridge sources authorize {source}",
    ),
    "credential_expired": Advice(
        "a credential has ended",
        "configure a new one; for a service account roombridge sources authorize {source}",
    ),
    "credential_refused": Advice(
        "one of two credentials is refused, the other works",
        "take the refused one out of the configuration; if it is the new one, compare "
        "it with the service",
    ),
    "credential_unsaved": Advice(
        "a refresh token could not be kept: reading goes on until the next start",
        "free space on data_dir's file system, or mend the disk; it is tried again by itself",
    ),
    "access_denied": Advice(
        "the identity may not read this mailbox",
        "grant it in Exchange (RBAC for Applications); a new grant takes up to two hours",
    ),
    "access_pending": Advice(
        "the identity may not read this new mailbox yet",
        "nothing for two hours, which a grant in Exchange may take;"
        " Test-ServicePrincipalAuthorization tells at once whether it is right",
    ),
    "not_found": Advice("there is no such mailbox", "compare `mailbox` with the service"),
    "gone": Advice("the calendar is gone", "compare `mailbox` with the service"),
    "mailbox_elsewhere": Advice(
        "the mailbox is not in this service", "move the room to the source that holds its mailbox"
    ),
    "unshared": Advice(
        "the calendar was readable and is no longer there for the bridge",
        "share it again with the service account, or retire the room where it was deleted",
    ),
    "delegation_missing": Advice(
        "the service account may not act for the subject",
        "delegate the scopes that `roombridge guide google` names, or take `subject` out",
    ),
    "api_disabled": Advice(
        "the Calendar API is switched off in the service account's project",
        "gcloud services enable calendar-json.googleapis.com, in that project",
    ),
    "sync_incomplete": Advice(
        "the list of changes came without its end",
        "a fault of the service; it is tried again by itself, and the rooms are read as usual",
    ),
    "mailbox_moved": Advice(
        "the mailbox is in another source than the room's; the room is read from that",
        "change `source` of the room to the one that is named",
    ),
    "not_json": Advice(
        "something else than the service answers",
        "a proxy or sign-in portal stands between: let the appliance pass",
    ),
    "not_soap": Advice(
        "something else than Exchange answers",
        "check `url`; where that is right, a proxy or sign-in portal stands between:"
        " let the appliance pass",
    ),
    "calendar_unsettled": Advice(
        "the calendar changed each time while it was read",
        "it is tried again by itself; if it stays, look for what rewrites this mailbox",
    ),
    "not_a_token": Advice(
        "something else than the token service answers",
        "a proxy or sign-in portal stands between: let the appliance pass",
    ),
    "not_http": Advice(
        "something else than a web service answers", "check address and port of the service"
    ),
    "not_calendar": Advice(
        "something else than a calendar answers",
        "open the feed's address from the appliance: a proxy or sign-in page stands between, or"
        " the address is another one now",
    ),
    "not_dav": Advice(
        "something else than a calendar server answers",
        "check the source's url; a proxy or sign-in portal may stand between",
    ),
    "cut_short": Advice(
        "the calendar ends before its end",
        "it is tried again by itself; if it stays, the service writes half a file",
    ),
    "incomplete": Advice(
        "the server leaves out a part of the calendar",
        "it is tried again by itself; if it stays, look at the server's log and at the rights",
    ),
    "too_many_events": Advice(
        "the calendar has more events than any room's, or recurs without measure",
        "look at the calendar for what fills it: series by the hour, copies by the thousand",
    ),
    "changed_meanwhile": Advice(
        "somebody changed the meeting at the same moment; nothing was done",
        "look at the calendar, and try again",
    ),
    "redirected": Advice(
        "the service sends elsewhere",
        "a proxy or sign-in portal stands between: let the appliance pass",
    ),
    "wrong_shape": Advice(
        "the answer is not what the service documents",
        "report it; the last good agenda stays until it is mended",
    ),
    "too_large": Advice(
        "the answer is larger than any calendar", "look at the mailbox for what fills it"
    ),
    "foreign_link": Advice(
        "the service names a page at another host; it was refused to protect the token",
        "a proxy rewrites the service's answers: let the appliance pass",
    ),
    "endless_pages": Advice(
        "the calendar's pages never end", "a fault of the service; it is tried again by itself"
    ),
    "event_gone": Advice("the meeting is gone by now", "nothing: the agenda is read again"),
    "not_organizer": Advice(
        "the room did not organise this meeting",
        "release the room instead, or ask whoever organised it",
    ),
    "delta_endless": Advice(
        "what changed in this calendar has no end",
        "a fault of the service; the room is polled, and it is tried again after a day",
    ),
    "hook_missing": Advice(
        "notifications need an address at which the service can reach the appliance",
        "set public_url to an https address that is reachable from the internet, or"
        " notifications: poll",
    ),
    "hook_unreachable": Advice(
        "the service cannot reach the appliance at public_url",
        "let Microsoft 365 reach public_url/hooks/ by https, with a certificate of a public"
        " authority; rooms are polled meanwhile",
    ),
    "hub_denied": Advice(
        "the Event Hub does not let the appliance listen",
        "assign the application the role Azure Event Hubs Data Receiver on the hub, or give"
        " the policy of the connection string Listen",
    ),
    "hub_missing": Advice(
        "there is no such Event Hub or consumer group",
        "compare namespace, hub and consumer_group under eventhub with Azure",
    ),
    "hub_shared": Advice(
        "others read the Event Hub with the same consumer group",
        "give each appliance a consumer group of its own: eventhub.consumer_group",
    ),
    "hub_refused": Advice(
        "Microsoft 365 cannot send to the Event Hub",
        "let the service Microsoft Graph Change Tracking send: Azure Event Hubs Data Sender"
        " on the hub, or read the secret in the key vault; compare tenant_domain",
    ),
    "request_refused": Advice(
        "the service refuses the request", "report it with the service's code"
    ),
    "certificate_changed": Advice(
        "the certificate is not the one that is configured",
        "compare the certificate at the unit itself; if it was renewed, enter its new fingerprint",
    ),
    "certificate_untrusted": Advice(
        "the certificate cannot be trusted",
        "name its authority in ca_file, or a unit's fingerprint under tls; verification stays on",
    ),
    "certificate_rejected": Advice(
        "the renewed certificate of the appliance cannot be used; the former one is served",
        "`roombridge check` says why; certificate and key must belong together",
    ),
    "certificate_expiring": Advice(
        "the appliance's certificate ends within 30 days",
        "renew it; the new one is served without a restart",
    ),
    "alerts_failing": Advice(
        "alerts cannot be delivered; they are tried again by themselves",
        "`roombridge alerts test` says what each receiver answers",
    ),
    "audit_broken": Advice(
        "the audit log is not what was written, or not what was sent out of it",
        "keep data_dir and the receiver's copies as they are; `roombridge audit verify` names the"
        " first bad entry, docs/audit.md what it may mean",
    ),
    "audit_head_unsent": Advice(
        "the audit log's head cannot be sent out; it is tried again by itself",
        "look at `audit` in bridge.yaml and at its receiver; the log itself goes on",
    ),
    "legacy_listener": Advice(
        "a listener with weak TLS, or none, is open for old units",
        "replace these units, then remove `legacy` from bridge.yaml",
    ),
    "configuration_rejected": Advice(
        "the changed configuration has errors; the former one stays in force",
        "`roombridge check` lists them",
    ),
    "restart_needed": Advice(
        "a changed setting takes effect only after a restart", "systemctl restart roombridge"
    ),
    "vault_unusable": Advice(
        "the vault cannot be opened; what was read from it before is still used",
        "`roombridge secrets list` says why; nothing of the vault is lost by it",
    ),
    "disk_failing": Advice(
        "the database cannot be written; agendas live in memory only",
        "free space on data_dir's file system, or mend the disk",
    ),
    "unexpected": Advice(
        "a fault of the bridge itself; it goes on", "report it with the traceback in the log"
    ),
    "endpoint_unreachable": Advice(
        "the room system cannot be reached",
        "check its power, network and address; it is tried again by itself",
    ),
    "endpoint_denied": Advice(
        "the room system refuses user name or password",
        "correct them, or mend it at the unit and `roombridge endpoints push`; until then"
        " it is left alone, so that nobody is locked out",
    ),
    "endpoint_unsupported": Advice(
        "the room system does not take bookings this way", "check its software version and mode"
    ),
    **DEVICES,
    "reader_silent": Advice(
        "the room system does not come for its calendar, for a quarter of an hour or longer",
        "compare address, user name and password at the unit with docs/endpoints/ews.md;"
        " `roombridge endpoints list` tells when it came last",
    ),
    "endpoint_unconfirmed": Advice(
        "it is not known yet whether the room system has the list",
        "wait a minute: it is asked, and shown the list again where it has not got it",
    ),
    "endpoint_dial_only": Advice(
        "the room system shows no calendar; it can be told to dial",
        "join from the room's display or through the API",
    ),
    "beyond_push_range": Advice(
        "too far ahead to be on the room system yet", "it is pushed three days before"
    ),
    "source_stale": Advice(
        "the calendar behind it was not read lately", "look at the health of the room"
    ),
    "feedback_slot_taken": Advice(
        "something else listens to the room system in the feedback slot meant for the bridge",
        "set `feedback_slot` to a free one of 1 to 4, or take the other registration away",
    ),
}

__all__ = ["ADVICE", "Advice"]
