// What a paired display does for its credential: it has it renewed, and leaves when it has ended.

const EVERY_MS = 3_600_000;        // the bridge decides whether anything is due
const FIRST_MS = 30_000;           // the room comes first

let left = false;

// Have the bridge renew this display's cookie from time to time. `page()`: the version of the page.
export function keepPaired(room, page = () => "") {
  const renew = () => {
    fetch(`/display/${room}/renew`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ page: String(page()).slice(0, 40) }),
    }).catch(() => { /* the next one will do */ });
  };
  setTimeout(renew, FIRST_MS);
  setInterval(renew, EVERY_MS);
}

// The bridge knows this display no more, or it belongs to another room: go where it can be paired,
// or from where it is sent to its room. Not before somebody answers there: a display without a
// bridge keeps what it has.
export async function leave() {
  if (left) return;
  left = true;
  try {
    const answer = await fetch("/display", { method: "HEAD", cache: "no-store" });
    if (answer.ok || answer.status === 401) {
      location.replace("/display");
      return;
    }
  } catch { /* asked again when the next answer says so */ }
  left = false;
}
