// What went wrong, in words a person at the door can act on.

import { span, t } from "./words.js";

const MINUTE_MS = 60_000;

// Nothing is known of how it went: the same touch may be sent again, and is done once at most.
export const UNCERTAIN = new Set(["no_answer", "outcome_unknown"]);

// Another try is worth it a little later, as a touch of its own.
export const LATER = new Set([
  "source_unavailable", "not_readable_now", "too_many_requests", "disk_failing", "unexpected",
  "endpoint_unreachable", "key_reused",
]);

// The agenda here was not what the calendar has.
export const OUTRUN = new Set([
  "room_taken", "booking_changed", "unknown_booking", "booking_over", "booking_not_running",
]);

const KNOWN = new Set((
  "unauthorized forbidden not_offered unknown_room unknown_booking bad_body bad_time " +
  "too_many_requests key_reused writes_not_allowed source_cannot_write room_taken " +
  "booking_changed booking_over booking_not_running whole_day other_organizer " +
  "check_in_not_open check_in_not_needed no_endpoint no_join join_not_open endpoint_busy " +
  "endpoint_unreachable endpoint_denied endpoint_unsupported not_readable_now " +
  "source_unavailable source_refused outcome_unknown disk_failing pin_required pin_wrong " +
  "unexpected"
).split(" "));

const ALIKE = { bad_query: "bad_body", check_in_off: "check_in_not_needed" };

// The words for a code. What has none is said as what it is: a failure that nobody foresaw.
export function say(code, act = "", wait = 0) {
  if (code === "too_many_requests" && wait) {
    return t("acts.failed_wait", { span: span(Math.max(wait * 1000, MINUTE_MS)) });
  }
  if (code === "no_answer") return t(act === "join" ? "acts.failed_join" : "acts.failed_network");
  const known = ALIKE[code] ?? code;
  if (KNOWN.has(known)) return t(`acts.failed_${known}`);
  return t(act === "join" ? "acts.failed_join" : "acts.failed");
}
