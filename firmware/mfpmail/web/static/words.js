// The words of the page in the language of whoever looks, and how dates and numbers read there.

export const LANGUAGES = {
  en: "English", el: "Ελληνικά", de: "Deutsch", es: "Español", it: "Italiano", ja: "日本語",
};
const FALLBACK = "en";
const KEPT = "language";
const AGAIN_MS = 2000;

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a browser may forbid it
  }
}

/** What was chosen here before, else the first of the browser's languages that there is. */
function choose() {
  const wanted = [kept(), ...navigator.languages].map((tag) => String(tag).slice(0, 2));
  return wanted.find((tag) => tag in LANGUAGES) ?? FALLBACK;
}

export const language = choose();

/** What the device is asked for: it may know fewer languages than the page. */
export const acceptLanguage = language === FALLBACK ? language : `${language}, ${FALLBACK}`;

async function load(name) {
  for (;;) {
    try {
      const answer = await fetch(`/static/lang-${name}.json`);
      if (answer.ok) return await answer.json();
    } catch {
      // The device is starting, or out of reach.
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** A file says where its words come from; one that is not complete names what stands in. */
async function loadWords() {
  const found = await load(language);
  const others = found.fallback ? await load(found.fallback) : {};
  return { ...others.manual, ...others.own, ...found.manual, ...found.own };
}

const words = await loadWords();
document.documentElement.lang = language;

/** Let the page come back in another language. */
export function speak(name) {
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    return; // without it the browser's language is the only choice
  }
  location.reload();
}

// The region, where the browser has one for this language.
const locale = navigator.languages.find((tag) => tag.slice(0, 2) === language) ??
  (language === "en" ? "en-GB" : language);
const plural = new Intl.PluralRules(locale);

export const has = (key) => key in words;

/** The words of a key with `values` in their places; `count` chooses between one and more. */
export function t(key, values = {}) {
  const found = words[key] ?? key;
  const text = typeof found === "string" ? found
    : found[plural.select(values.count)] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function formatTime(epochS) {
  const options = { dateStyle: "medium", timeStyle: "short" };
  return new Date(epochS * 1000).toLocaleString(locale, options);
}

/** The day before an end, as the device names it in its mails. */
export function formatDay(endsAtS) {
  const options = { dateStyle: "medium", timeZone: "UTC" };
  return new Date((endsAtS - 1) * 1000).toLocaleDateString(locale, options);
}

function amount(value, unit, digits = 0) {
  const options = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits };
  return value.toLocaleString(locale, options);
}

export function formatBytes(bytes) {
  return bytes < 1e6 ? amount(Math.ceil(bytes / 1e3), "kilobyte")
    : amount(bytes / 1e6, "megabyte", 1);
}

/** The two largest units of a time that has passed or is left. */
export function formatDuration(seconds) {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const first = Math.max(0, units.findIndex(([, size]) => seconds >= size));
  const start = seconds < 1 ? 3 : first;
  let rest = seconds;
  return units.slice(start, start + 2).map(([unit, size]) => {
    const value = Math.floor(rest / size);
    rest %= size;
    return amount(value, unit);
  }).join(" ");
}
