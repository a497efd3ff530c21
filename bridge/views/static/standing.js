// How a room stands at an instant. The same rules as the bridge's own `Standing`: entries that do
// not take the room are shown and passed over, back-to-back meetings count as one.

export function stand(bookings, at) {
  const taken = bookings.filter((one) => one.show_as !== "free");
  const running = taken.filter((one) => one.start <= at && at < one.end);
  const current = running.find((one) => !one.all_day) ?? running[0] ?? null;
  const next = bookings.find((one) => one.start > at && !one.all_day) ?? null;
  const busy = running.length > 0;
  return { busy, current, next, until: busy ? endOfBlock(taken, at) : firstStart(taken, at) };
}

function endOfBlock(taken, at) {
  let end = at;
  for (const one of [...taken].sort((a, b) => a.start - b.start)) {
    if (one.start <= end && one.end > end) end = one.end;
  }
  return end;
}

function firstStart(taken, at) {
  const starts = taken.filter((one) => one.start > at).map((one) => one.start);
  return starts.length ? new Date(Math.min(...starts)) : null;
}
