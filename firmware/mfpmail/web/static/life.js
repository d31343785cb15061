// What a screen tells of its token beside the state: how it lives, and what to be warned of.

import { make, setLine, soft } from "./page.js";
import { formatDay, formatTime, t } from "./words.js";

const ALTERNATIVE = "smtp2";

const makeWarning = () => make("p", { class: "warn", hidden: "" });

/** Does the token end because the client secret does? Then no renewal helps. */
export function endsWithSecret(endsAt, { client_secret_ends_on: day }) {
  return new Date((endsAt - 1) * 1000).toISOString().slice(0, 10) === day;
}

/** The sentence about a token, or its client secret, that ends within some days. */
export function endsSoon({ dies_at: endsAt, days }, bySecret) {
  const values = { day: formatDay(endsAt), count: days };
  return bySecret ? t("life.secret_ends_soon", values) : t("life.token_ends_soon", values);
}

/** The sentence about mail that goes another way than it should. */
export const failoverText = (since) => (since
  ? t("life.failover_since", { time: formatTime(since) }) : t("life.failover"));

const inUseText = (since) => (since
  ? t("life.in_use_since", { time: formatTime(since) }) : t("life.in_use"));

/** `status` is the answer of the device's status, with what others than the token know of it. */
export function makeLife(setting) {
  const times = soft();
  const ending = makeWarning();
  const advice = make("p");
  const owner = makeWarning();
  const failover = makeWarning();
  const used = make("p", { class: "ok" });
  const held = make("p", { class: "note", hidden: "" });

  function showEnd(token, fields, warnings) {
    const warning = warnings.find((found) => found.setting === setting);
    const soon = token.state === "ACQUIRED" && warning?.dies_at;
    const bySecret = soon && endsWithSecret(soon, fields);
    setLine(ending, soon && endsSoon(warning, bySecret));
    setLine(advice, soon && (bySecret ? t("life.secret_hint") : t("life.token_hint")));
  }

  function showTimes(token, fields) {
    const parts = ["renewed_at", "used_at", "succeeded_at"].map((name) =>
      token[name] && t(`life.${name}`, { time: formatTime(token[name]) }));
    const end = token.dies_at;
    const values = end && { day: formatDay(end) };
    if (end) parts.push(endsWithSecret(end, fields) ? t("life.ends_with_secret", values)
      : t("life.ends", values));
    setLine(times, ...(token.state === "ACQUIRED" ? parts : []));
  }

  function showSending({ through, since }) {
    const other = through === ALTERNATIVE;
    setLine(failover, other && setting === "smtp" && failoverText(since));
    setLine(used, other && setting === ALTERNATIVE && inUseText(since));
  }

  /** `fields` is the setting as it is saved. */
  function update(token, fields, { warnings = [], sending = {}, queue = {} }) {
    const waits = setting === "smtp" && token.state !== "ACQUIRED" && queue.held;
    setLine(held, waits && t("life.held", { count: queue.held }));
    showSending(sending);
    showTimes(token, fields);
    showEnd(token, fields, warnings);
    setLine(owner, token.owner_differs &&
      t("life.owner_differs", { owner: token.owner, account: token.account }));
  }
  return { lines: [failover, used, times, ending, advice, owner], held, update };
}
