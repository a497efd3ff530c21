// Where the QR code of an unpaired display leads: the command for whoever may type it.

import { speak, t } from "/static/display/words.js";
import { typed } from "./typed.js";

const code = /^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/.exec(
  new URLSearchParams(location.search).get("code") ?? "",
)?.[0] ?? "CODE";

function show() {
  document.getElementById("title").textContent = t("pair.title");
  document.getElementById("type").textContent = t("pair.type");
  document.getElementById("code").textContent = code;
  typed(document.getElementById("command"), code);
}

document.addEventListener("words", show);
await speak();
show();
