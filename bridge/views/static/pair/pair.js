// An unpaired display: it shows a code, has a new one when that is over, and goes to its room as
// soon as somebody has bound it. By which cookie it does so, no script learns.

import { span, speak, t } from "/static/display/words.js";
import { typed } from "./typed.js";

const EVERY_MS = 2_000;
const PATIENCE_MS = 10_000;        // a bridge that hangs is as good as none
const LONGEST_MS = 15_000;         // between two tries while nobody answers
const LEFT_MS = 60_000;            // who is sent back here so often in this time
const LEFT_OFTEN = 3;              // does not leave at once again
const LEFT = "roombridge-left";

const root = document.documentElement;
const $ = (id) => document.getElementById(id);

let told = null;                   // what the bridge said last
let ends = 0;                      // of the code, by the steady clock
let wait = EVERY_MS;
let said = null;                   // instead of how it stands, until a code is there

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

async function ask() {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  try {
    const answer = await fetch("/display", { method: "POST", signal: giveUp.signal });
    if (answer.ok) take(await answer.json());
    else refuse(answer);
  } catch {
    stand("lost");
  } finally {
    clearTimeout(timer);
  }
  setTimeout(ask, wait);
}

function take(body) {
  told = body;
  wait = EVERY_MS;
  if (body.room) {
    go(body.room);
    return;
  }
  ends = performance.now() + body.seconds * 1000;
  stand("waiting");
}

function refuse(answer) {
  const after = Number(answer.headers.get("Retry-After"));
  stand(answer.status === 429 ? "busy" : "lost");
  if (after) wait = Math.min(after * 1000, 4 * LONGEST_MS);
}

function stand(state) {
  if (state !== "waiting") wait = Math.min(wait * 1.5, LONGEST_MS);
  root.dataset.state = state;
  show();
}

// A browser that keeps no cookie would be sent to and fro for ever.
function go(room) {
  const [since, times] = (kept(LEFT) ?? "0 0").split(" ").map(Number);
  const lately = Math.abs(Date.now() - since) < LEFT_MS;
  root.dataset.state = "paired";
  show();
  wait = LONGEST_MS;
  if (lately && times >= LEFT_OFTEN) {
    keep(LEFT, "0 0");
    return;
  }
  keep(LEFT, lately ? `${since} ${times + 1}` : `${Date.now()} 1`);
  location.replace(`/display/${encodeURIComponent(room)}`);
}

function kept(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch { /* a browser that keeps nothing */ }
}

function show() {
  const state = root.dataset.state;
  text($("title"), t("pair.title"));
  text($("type"), t("pair.type"));
  text($("caption"), t("pair.scan"));
  text($("at"), `${location.host}/admin/displays`);  // for who has a browser and no camera
  const words = {
    waiting: t("pair.waiting"),
    paired: `${t("pair.paired", { room: told?.name ?? "" })} ${t("pair.opening")}`,
    lost: t("pair.lost"),
    busy: t("pair.busy"),
  };
  text($("words"), state === "waiting" ? said ?? words.waiting : words[state]);
  if (state !== "waiting" || !told?.code) return;
  text($("code"), told.code);
  text($("spoken"), t("pair.code_is", { code: [...told.code].join(" ") }));
  typed($("command"), told.code);
  text($("renews"), t("pair.renews", { span: span(Math.max(0, ends - performance.now())) }));
  $("scan").hidden = !told.picture;
  if (told.picture && $("dark").getAttribute("d") !== told.picture.path) {
    $("picture").setAttribute("viewBox", `0 0 ${told.picture.size} ${told.picture.size}`);
    $("dark").setAttribute("d", told.picture.path);
  }
}

document.addEventListener("words", show);
document.addEventListener("refused", () => {  // a link to sign in by was not good
  said = t("pair.link_wrong");
  show();
});

await speak();
if (root.dataset.refused) said = t("pair.link_wrong");
ask();
