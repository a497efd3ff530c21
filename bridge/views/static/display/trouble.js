// What a health code of a calendar means to somebody who stands at the door, in their language.
// The bridge's own words are English and meant for engineers.

import { t } from "./words.js";

const MEANINGS = {
  timeout: "timeout broken_off",
  unreachable: "unreachable",
  busy: "throttled",
  service: "service_error sync_incomplete calendar_unsettled cut_short incomplete endless_pages " +
    "delta_endless wrong_shape too_large foreign_link redirected not_json not_soap not_http " +
    "not_calendar not_dav not_a_token",
  refused: "credentials_refused credentials_missing credential_expired token_refused " +
    "request_refused kerberos_missing kerberos_failed ticket_expired spn_wrong clock_skewed " +
    "server_unproven managed_identity_refused vault_needed vault_unusable authorization_needed " +
    "sign_in_expired sign_in_declined wrong_account source_revoked delegation_missing " +
    "api_disabled certificate_changed certificate_untrusted",
  mailbox: "access_denied access_pending not_found gone mailbox_elsewhere unshared too_many_events",
  bridge: "disk_failing unexpected",
};
const MEANING = new Map(
  Object.entries(MEANINGS).flatMap(([what, codes]) => codes.split(" ").map((code) => [code, what])),
);

// Half a sentence, without a full stop.
export function trouble(code) {
  switch (MEANING.get(code)) {
    case "timeout": return t("badge.trouble_timeout");
    case "unreachable": return t("badge.trouble_unreachable");
    case "busy": return t("badge.trouble_busy");
    case "service": return t("badge.trouble_service");
    case "refused": return t("badge.trouble_refused");
    case "mailbox": return t("badge.trouble_mailbox");
    case "bridge": return t("badge.trouble_bridge");
    default: return t("badge.trouble_other");
  }
}
