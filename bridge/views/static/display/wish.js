// A touch's request to the bridge. It has one key over all its tries: what was done is not done
// twice, and where no answer came asking again tells how it went.

const PATIENCE_MS = 20_000;        // for one try; a calendar service may need half of that
const PAUSES_MS = [1_000, 3_000];  // between the tries
const ASK_MS = 10_000;

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

// A key for one touch. (`randomUUID` is kept from pages that came over plain http.)
export function touchKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
}

async function once(url, options, patience) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const answer = await fetch(url, { ...options, cache: "no-store", signal: stop.signal });
    const body = await answer.json().catch(() => null);
    return { answer, body };
  } finally {
    clearTimeout(timer);
  }
}

// What an answer says; null where it is not the bridge's, but a proxy's in front of it.
function told({ answer, body }) {
  if (answer.ok) return { ok: true, code: "", body: body ?? {} };
  const wait = Number(answer.headers.get("Retry-After")) || 0;
  if (body?.code) return { ok: false, code: body.code, wait };
  if (answer.status === 429) return { ok: false, code: "too_many_requests", wait };
  return answer.status >= 500 ? null : { ok: false, code: "unexpected", wait };
}

// Ask for something to be done: {ok, code, body, wait}. `no_answer` means that nobody knows.
export async function wish(url, body, { key, pin = "", patience = PATIENCE_MS }) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  if (pin) headers["Display-Pin"] = pin;
  const options = { method: "POST", body: JSON.stringify(body), headers };
  for (const pause of [...PAUSES_MS, null]) {
    try {
      const found = told(await once(url, options, patience));
      if (found) return found;
    } catch { /* no answer: asked again */ }
    if (pause !== null) await sleep(pause);
  }
  return { ok: false, code: "no_answer", wait: 0 };
}

// Ask what there is; nothing is changed by that.
export async function ask(url) {
  try {
    return told(await once(url, {}, ASK_MS)) ?? { ok: false, code: "no_answer", wait: 0 };
  } catch {
    return { ok: false, code: "no_answer", wait: 0 };
  }
}
