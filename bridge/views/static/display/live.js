// What the bridge tells of a room, live: its agenda, how old that is, and what its display offers.

const STREAM_LOST_MS = 40_000;     // without an event for this long the stream is held to be dead
const PATIENCE_MS = 10_000;        // a bridge that hangs is as good as none

// Begin to listen; everything that is heard goes to one of `on`.
export function begin({ room, on }) {
  const base = `/api/v1/rooms/${room}`;
  let offset = 0;                  // server's clock minus ours, in ms
  let heard = 0;                   // when the bridge last said anything, by our clock
  let lost = null;                 // since when it says nothing, by the server's clock
  let etag = null;
  let version = null;
  let signedOut = false;
  let polling = false;
  let stopped = false;
  let stream = null;
  let status = { as_of: null, age_s: null, stale: true, health: [] };

  const now = () => new Date(Date.now() + offset);

  function hear(state) {
    heard = Date.now();
    lost = null;
    signedOut = false;
    if (state.time) offset = Date.parse(state.time) - Date.now();
    else if (state.as_of !== null) offset = Date.parse(state.as_of) + state.age_s * 1000 - Date.now();
  }

  function trust() {
    const asOf = status.as_of ? new Date(status.as_of) : null;
    const trouble = status.health.find((one) => !one.endpoint && one.code !== "stale" && one.code !== "never_read");
    const words = trouble?.words ?? null;
    if (signedOut) return { state: "out", missing: "signed_out", since: null, asOf, words: null };
    if (lost) return { state: "lost", missing: navigator.onLine ? "bridge" : "network", since: lost, asOf, words: null };
    if (!heard) return { state: "first", missing: null, since: null, asOf: null, words: null };
    if (!asOf || status.stale) return { state: "old", missing: "calendar", since: asOf, asOf, words };
    return { state: "good", missing: null, since: null, asOf, words };
  }

  function take(body) {
    status = { ...status, as_of: body.as_of, age_s: body.age_s, stale: body.stale };
    hear(body);
    on.agenda(body);
    on.trust(trust());
  }

  function listen() {
    if (stopped) return;
    stream = new EventSource(`${base}/stream`);
    stream.addEventListener("agenda", (event) => take(JSON.parse(event.data)));
    stream.addEventListener("status", (event) => {
      status = JSON.parse(event.data);
      hear(status);
      if (status.display !== version) dress();
      on.status(status);
      on.trust(trust());
    });
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
      poll();
    });
  }

  async function ask(path, headers = {}) {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
    try {
      return await fetch(path, { headers, cache: "no-store", signal: giveUp.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  async function poll() {
    if (polling || stopped) return;
    polling = true;
    try {
      const answer = await ask(`${base}/agenda`, etag ? { "If-None-Match": etag } : {});
      signedOut = answer.status === 401 || answer.status === 403;
      if (answer.status === 200) {
        etag = answer.headers.get("ETag");
        take(await answer.json());
      } else if (answer.status === 304) {
        heard = Date.now();
        lost = null;
        status = { ...status, as_of: answer.headers.get("Agenda-As-Of") };
      }
    } catch {
      lost = lost ?? now();
    } finally {
      polling = false;
    }
    on.trust(trust());
  }

  async function dress() {
    version = status.display;
    try {
      const answer = version && (await ask(`${base}/display`));
      if (answer && answer.ok) return on.display(await answer.json());
      const one = await (await ask(base)).json();
      on.display({ room: one, look: {}, offers: { join: true }, pin: [], version });
    } catch {
      version = null;              // said by the badge
    }
  }

  const timer = setInterval(() => {
    if (heard && Date.now() - heard > STREAM_LOST_MS) poll();
  }, 1000);
  listen();
  return {
    now,
    refresh: poll,
    stop() {
      stopped = true;
      clearInterval(timer);
      stream?.close();
    },
  };
}
