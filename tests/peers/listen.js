// Listens to a room's event stream with the eventsource package; prints what it hears, a line each.
// Arguments: the stream's address and a token.

import { EventSource } from "eventsource";

const [address, token] = process.argv.slice(2);

const stream = new EventSource(address, {
  fetch: (input, init) =>
    fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } }),
});

const tell = (heard) => console.log(JSON.stringify(heard));

for (const type of ["agenda", "status"]) {
  stream.addEventListener(type, ({ lastEventId, data }) =>
    tell({ type, id: lastEventId, data: JSON.parse(data) }),
  );
}
stream.addEventListener("open", () => tell({ type: "open" }));
stream.addEventListener("error", ({ code }) =>
  tell({ type: "error", code, over: stream.readyState === EventSource.CLOSED }),
);
