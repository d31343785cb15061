// The first screen: how everything stands, at a glance.

import { call } from "./api.js";
import { isDone, isMoving, makeJobList } from "./jobs.js";
import { endsSoon, endsWithSecret, failoverText } from "./life.js";
import { addressOf, screenOf } from "./menu.js";
import { card, make, setLine, setText, showState, soft } from "./page.js";
import { formatBytes, formatDuration, formatTime, t } from "./words.js";

const SETTINGS = ["smtp", "smtp2", "ifax", "eprint", "estatus"];
const POP_SETTINGS = SETTINGS.slice(2);
const CLOCK_SET_S = 1700000000; // less is shown by clocks that nobody has set

const linkTo = (setting) =>
  make("a", { href: addressOf(screenOf(setting)), text: t(`setting.${setting}`) });

function makeTokenRow(setting) {
  const pill = make("span");
  const detail = soft();
  const cause = make("p", { class: "bad", hidden: "" });
  const head = make("p", { class: "token" }, linkTo(setting), pill);
  const node = make("li", { "data-token": setting }, head, detail, cause);

  function update(token, settings) {
    const used = settings.server && settings.auth_method === "oauth2";
    showState(pill, token.state);
    setLine(detail, token.account, used
      ? token.changed_at && t("token.since", { time: formatTime(token.changed_at) })
      : settings.server ? t("token.needless") : t("home.unused"));
    setLine(cause, token.message);
  }
  return { setting, node, update };
}

/** One maildrop: when it was checked, how that went, when it is checked again. */
function makeCheckRow(setting) {
  const last = soft();
  const result = make("p", { class: "soft", lang: "en" }); // the device's own words
  const next = soft();
  const bar = make("progress", { "aria-label": t("home.receiving"), hidden: "" });
  const node = make("li", {}, make("p", { class: "token" }, linkTo(setting)), last, result, bar, next);

  function update(check, { server, check_interval_min: interval }) {
    const { receiving } = check ?? {};
    setText(last, check ? t("home.checked", { time: formatTime(check.at) })
      : t("home.unchecked"));
    setLine(result, check?.message);
    bar.hidden = !receiving;
    if (receiving?.bytes_total) bar.value = receiving.bytes_done / receiving.bytes_total;
    else bar.removeAttribute("value");
    const nextAt = check && Math.max(check.at + interval * 60, Date.now() / 1000);
    setLine(next, !server ? t("home.unused") : !interval ? t("home.on_demand")
      : nextAt ? t("home.next_check", { time: formatTime(nextAt) })
        : t("home.every", { count: interval }));
    node.hidden = !server && !check;
  }
  return { setting, node, update };
}

/** What somebody should look after; each line leads to where. */
function warningsOf(status, settings) {
  const found = status.warnings.map((warning) => {
    const { setting, dies_at: endsAt, message } = warning;
    const text = endsAt ? endsSoon(warning, endsWithSecret(endsAt, settings[setting])) : message;
    return { id: screenOf(setting), text: `${t(`setting.${setting}`)}: ${text}` };
  });
  const { through, since } = status.sending;
  if (through === "smtp2") found.push({ id: screenOf("smtp"), text: failoverText(since) });
  if (status.inbox.full) found.push({ id: "inbox", text: t("home.inbox_full") });
  if (status.faults.length) found.push({ id: "log", text: t("home.faults") });
  if (status.clock.now_s < CLOCK_SET_S) found.push({ id: "device", text: t("home.clock_unset") });
  return found;
}

function makeFacts() {
  const names = ["clock", "uptime", "memory", "storage", "version"];
  const values = {};
  const rows = names.map((name) => {
    values[name] = make("dd");
    return make("div", {}, make("dt", { text: t(`home.${name}`) }), values[name]);
  });
  let aheadS = 0;

  const tick = () => setText(values.clock, formatTime(Date.now() / 1000 + aheadS));

  function update({ clock, memory, storage, version, runtime }) {
    aheadS = clock.now_s - Date.now() / 1000;
    tick();
    setText(values.uptime, formatDuration(clock.uptime_s));
    const { used_bytes: used, free_bytes: free } = memory;
    setText(values.memory, used
      ? t("home.used_and_free", { used: formatBytes(used), free: formatBytes(free) }) : "–");
    setText(values.storage, t("home.free", { free: formatBytes(storage.free_bytes) }));
    setText(values.version, `mfpmail ${version} · ${runtime}`);
  }
  return { node: make("dl", { class: "facts" }, ...rows), update, tick };
}

export function makeHome(poll) {
  const tokens = SETTINGS.map(makeTokenRow);
  const checks = POP_SETTINGS.map(makeCheckRow);
  const facts = makeFacts();
  const warnings = make("ul", { class: "warnings", "aria-label": t("home.warnings") });
  const begin = make("a", {
    class: "button main", href: addressOf("initial-quick"), text: t("home.begin"), hidden: "",
  });
  const queue = makeJobList(t("home.queue_empty"), poll, (job) => !isDone(job));
  const listOf = (rows) => make("ul", { class: "list" }, ...rows.map((row) => row.node));
  const node = make("div", {}, warnings, make("div", { class: "columns" },
    card(t("home.tokens"), listOf(tokens), begin),
    make("div", {}, card(t("home.queue"), ...queue.nodes),
      card(t("home.received"), listOf(checks), make("a", {
        href: addressOf("inbox"), text: t("menu.inbox"),
      })),
      card(t("home.device"), facts.node))));
  let known = {};

  function showStatus(status) {
    for (const row of checks) row.update(status.last_checks[row.setting], known[row.setting]);
    warnings.replaceChildren(...warningsOf(status, known).map(({ id, text }) =>
      make("li", { class: "note" }, make("a", { href: addressOf(id), text }))));
    warnings.hidden = !warnings.firstChild;
    facts.update(status);
  }

  async function load({ settings, seldom }) {
    if (settings) known = settings;
    begin.hidden = Boolean(known.smtp.server);
    const { items } = await call("GET", "/api/tokens");
    for (const row of tokens) {
      row.update(items.find((item) => item.setting === row.setting), known[row.setting]);
    }
    const jobs = await queue.load();
    if (seldom) showStatus(await call("GET", "/api/status"));
    return isMoving(jobs) || items.some(({ state }) => state === "AWAITING_AUTH");
  }
  return { node, load, tick: facts.tick, nextStep: () => !begin.hidden && begin };
}
