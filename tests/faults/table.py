"""Everything that goes wrong at calendar services, a row each; every row has at least one test.

A test says which row it proves: `@pytest.mark.fault("graph_delta_endless")`. After each fault the
agenda is right or the last good one that ages, other rooms are untouched, and all is well again
without a hand.
"""

ROWS: dict[str, str] = {
    "graph_delta_endless": "Graph delta: endless nextLink, repeated page",
    "graph_delta_lost": "Graph delta: 410, SyncStateNotFound, resyncRequired, also in mid-round",
    "graph_delta_stub": "Graph delta: occurrence stub without its master",
    "graph_delta_removed": "Graph delta: @removed for an unknown id, duplicates, replays, disorder",
    "graph_foreign_link": "Graph: nextLink at another host or scheme",
    "graph_huge": "Graph: page over 50 MB, bodies of megabytes, 500 attendees, deep JSON",
    "graph_not_json": "Graph: 200 with HTML, truncated JSON, wrong charset",
    "graph_empty": "Graph: empty `value` where yesterday had ten",
    "graph_throttled": "Graph: 429 without Retry-After, with hours, with a date",
    "graph_unauthorized": "Graph: a storm of 401 (secret expired, clock wrong)",
    "graph_forbidden": "Graph: 403 for one room, for all rooms",
    "graph_elsewhere": "Graph: 404 MailboxNotEnabledForRESTAPI, room deleted",
    "hook_forged": "Notifications: forged, wrong clientState, replayed, flood, unknown",
    "hook_silent": "Notifications: lost without a word",
    "hook_validation": "Notifications: validationToken with markup or line breaks",
    "event_times": "Event: end before start, no length, ten years, year 1601, year 4500",
    "event_zones": "Event: DST gap and overlap, unknown and custom zone, all-day elsewhere",
    "event_overlap": "Event: two accepted meetings at once",
    "event_cancelled": "Event: cancelled but there, prefixed subject, declined",
    "event_text": "Event: HTML, unseen characters, javascript:, rewritten links, look-alikes",
    "event_two_links": "Event: two different join links in one body",
    "event_stripped": "Event: the mailbox strips bodies",
    "event_private": "Event: private",
    "event_twice": "Event: the same UID in two sources (migration)",
    "ews_inner_error": "EWS: 200 with inner error, 500 with SOAP, 302, 401 under load",
    "ews_busy": "EWS: ErrorServerBusy with BackOffMilliseconds",
    "ews_subscription_lost": "EWS: subscription lost, restart, failover, mailbox move",
    "ews_partial_view": "EWS: FindItem that is not the last page",
    "ews_sync_state": "EWS: ErrorInvalidSyncStateData",
    "ews_certificate": "EWS: self-signed or expired certificate, TLS 1.0 only",
    "ews_xml": "EWS: XML bombs, huge bodies",
    "google_gone": "Google: 410; 403 quota, 403 permission, 404 unshared",
    "google_no_token": "Google: no nextSyncToken on the last page",
    "google_cancelled_exception": "Google: cancelled exception without times",
    "google_conference": "Google: conferenceData pending, two entries",
    "ics_feed": "ICS/CalDAV: truncated, 304 for ever, login page, SECONDLY, no UID, duplicates",
    "discovery": "Discovery: list shrinks or doubles, mailbox twice, hidden, wrong zone",
    "bridge": "The bridge: clock wrong, disk full, database locked, crash in mid-round",
}
