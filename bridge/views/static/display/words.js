// The words of the pages, and times as their language writes them. One catalogue is loaded, and
// English only where it lacks something. A tick comes every second for weeks: formatters are kept.

const KEPT = "roombridge-language";
const AGAIN_MS = 30_000;           // until a catalogue that could not be had is asked for again
const PATIENCE_MS = 10_000;
const LANGUAGES = [
  "en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "nb", "pl", "ja", "zh", "ar", "he",
];
const OTHER_NAMES = { no: "nb", nn: "nb", iw: "he" };
// Renamed in the time zone database after the oldest browsers were made.
const FORMER_ZONES = { "Europe/Kyiv": "Europe/Kiev", "America/Ciudad_Juarez": "America/Denver" };

// Characters that turn the direction of what follows (Unicode 15, UAX #9): no name needs them.
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const LEFTWARD = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const RIGHTWARD = /[A-Za-z\u00c0-\u02af\u0370-\u058f\u3040-\u9fff]/;

let spoken = { words: null, lang: "en", locale: "en", direction: "ltr", cycle: "h23" };
let catalogue = null;
let english = null;
let lacking = false;               // English is on its way
let turn = 0;
const formatters = new Map();

// Choose the language, load its words, and tell the page. Never fails: without words the page
// goes on with what it has, and they are asked for again.
export async function speak({ language = "auto", clock: hours = "auto" } = {}) {
  turn += 1;
  const mine = turn;
  const lang = chosen(language);
  const words = lang === catalogue?.lang ? catalogue.words : await load(lang);
  if (mine !== turn) return;       // asked for another one meanwhile
  if (words) catalogue = { lang, words };
  else setTimeout(() => mine === turn && speak({ language, clock: hours }), AGAIN_MS);
  tell(hours);
}

// What is spoken from now on. To say the same once more would have the page drawn anew for nothing.
function tell(hours) {
  const lang = catalogue?.lang ?? "en";
  const locale = localeOf(lang);
  const direction = catalogue?.words.about.direction ?? "ltr";
  const cycle = { 12: "h12", 24: "h23" }[hours] ?? usual(locale);
  const next = { words: catalogue?.words, lang, locale, direction, cycle };
  if (Object.keys(next).every((key) => next[key] === spoken[key])) return;
  spoken = next;
  formatters.clear();
  document.documentElement.lang = lang;
  document.documentElement.dir = direction;
  document.dispatchEvent(new Event("words"));
}

function chosen(language) {
  return [asked(), language, ...navigator.languages].map(known).find(Boolean) ?? "en";
}

// `?lang=` holds for this browser until it says otherwise; `?lang=auto` ends that.
function asked() {
  const said = new URLSearchParams(location.search).get("lang");
  try {
    if (said === "auto") localStorage.removeItem(KEPT);
    else if (known(said)) localStorage.setItem(KEPT, known(said));
    return known(said) ? said : localStorage.getItem(KEPT);
  } catch {
    return said;                   // a browser that keeps nothing
  }
}

function known(tag) {
  const base = String(tag ?? "").toLowerCase().split(/[-_]/)[0];
  const lang = OTHER_NAMES[base] ?? base;
  return LANGUAGES.includes(lang) ? lang : null;
}

// The browser's own variant of the language, whose dates and hours people there are used to. Its
// script must be the catalogue's: simplified Chinese.
function localeOf(lang) {
  const own = navigator.languages.find((tag) => tag.toLowerCase().split("-")[0] === lang);
  return !own || /-(hant|tw|hk|mo)\b/i.test(own) ? lang : own;
}

function usual(locale) {
  const cycle = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hourCycle;
  return cycle === "h11" || cycle === "h12" ? "h12" : "h23";
}

async function load(lang) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(`/static/words/${lang}.json`, { signal: giveUp.signal });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

// The words of `section.key` with its {placeholders} filled; of a plural, the form for `n`.
export function t(key, values = {}) {
  const words = found(catalogue?.words, key) ?? found(english, key);
  if (words === undefined) return without(key);
  const form = typeof words === "string" ? words : words[plural(values.n)] ?? words.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => placed(values[name]));
}

function found(words, key) {
  const [section, name] = key.split(".");
  return words?.[section]?.[name];
}

// Better a bare English word than nothing, until English itself has come.
function without(key) {
  if (!english && !lacking) {
    lacking = true;
    load("en").then((words) => {
      english = words;
      setTimeout(() => { lacking = false; }, AGAIN_MS);
      if (words) document.dispatchEvent(new Event("words"));
    });
  }
  return key.split(".").pop().replace(/_/g, " ");
}

function plural(n) {
  return formatter("plural").select(Number(n));
}

// What stands within other words; it is kept to itself only where it leads the other way.
export function placed(value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return formatter("number").format(value);
  const text = String(value);
  const foreign = spoken.direction === "rtl" ? RIGHTWARD : LEFTWARD;
  return foreign.test(text) && !text.startsWith("\u2068") ? isolate(text) : text;
}

// A stranger's words, so that their direction stays their own affair.
export function isolate(text) {
  return `\u2068${String(text ?? "").replace(TURNING, "")}\u2069`;
}

const COMMON = { calendar: "gregory", numberingSystem: "latn" };
const MADE = {
  plural: () => new Intl.PluralRules(spoken.locale),
  number: () => new Intl.NumberFormat(spoken.locale, { numberingSystem: "latn" }),
  ago: () => new Intl.RelativeTimeFormat(`${spoken.lang}-u-nu-latn`, { numeric: "always" }),
  key: (timeZone) => new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
    year: "numeric", month: "2-digit", day: "2-digit", timeZone,
  }),
  day: (timeZone) => new Intl.DateTimeFormat(spoken.locale, {
    ...COMMON, weekday: "long", day: "numeric", month: "long", timeZone,
  }),
  clock: (timeZone) => new Intl.DateTimeFormat(spoken.locale, {
    ...COMMON, hour: spoken.cycle === "h12" ? "numeric" : "2-digit", minute: "2-digit",
    hourCycle: spoken.cycle, timeZone,
  }),
};

function formatter(kind, zone = "") {
  const name = `${kind} ${zone}`;
  if (!formatters.has(name)) formatters.set(name, made(MADE[kind], zone));
  return formatters.get(name);
}

// A zone that this browser does not know must not take the page down: the device's own then.
function made(make, zone) {
  for (const one of [zone, FORMER_ZONES[zone]]) {
    try {
      if (one) return make(one);
    } catch { /* not known here */ }
  }
  return make(undefined);
}

// The time of day in a zone (IANA name; none: the device's).
export function clock(date, zone) {
  return formatter("clock", zone).format(date);
}

// Weekday, day and month.
export function day(date, zone) {
  return formatter("day", zone).format(date);
}

// The day as `2026-11-21`: the same in every language, to compare by.
export function dayKey(date, zone) {
  const parts = {};
  for (const { type, value } of formatter("key", zone).formatToParts(date)) parts[type] = value;
  return `${parts.year.padStart(4, "0")}-${parts.month}-${parts.day}`;
}

// How long, in hours and minutes; begun minutes count as whole ones.
export function span(ms) {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const [long, short] = [t("time.hours", { n: hours }), t("time.minutes", { n: rest })];
  if (hours && rest) return t("time.both", { hours: long, minutes: short });
  return hours ? long : short;
}

// How long ago, with the word for it: "5 minutes ago".
export function ago(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  const [size, unit] =
    s < 90 ? [1, "second"] : s < 5400 ? [60, "minute"] : s < 172_800 ? [3600, "hour"] : [86_400, "day"];
  return formatter("ago").format(-Math.round(s / size), unit);
}
