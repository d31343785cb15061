// What a card tells of its token beside the state: how it lives, and what to be warned of.

import { formatDay, formatTime, make, setLine, soft } from "./page.js";
import { TEXT } from "./text.js";

const ALTERNATIVE = "smtp2";

const makeWarning = () => make("p", { class: "warn", hidden: "" });

/** Does the token end because the client secret does? Then no renewal helps. */
function endsWithSecret(endsAt, { client_secret_ends_on: day }) {
  return new Date((endsAt - 1) * 1000).toISOString().slice(0, 10) === day;
}

/** `status` is the answer of the device's status, with what others than the token know of it. */
export function makeLife(setting) {
  const times = soft();
  const ending = makeWarning();
  const advice = make("p");
  const owner = makeWarning();
  const failover = makeWarning();
  const used = make("p", { class: "ok" });

  function showEnd(token, fields, warnings) {
    const warning = warnings.find((found) => found.setting === setting);
    const soon = token.state === "ACQUIRED" && warning?.dies_at;
    const bySecret = soon && endsWithSecret(soon, fields);
    setLine(ending, soon && TEXT.endsSoon(formatDay(soon), warning.days, bySecret));
    setLine(advice, soon && TEXT.endsSoonHint(bySecret));
  }

  function showTimes(token, fields) {
    const parts = ["renewed_at", "used_at", "succeeded_at"].map((name) =>
      token[name] && TEXT.times[name](formatTime(token[name])));
    const end = token.dies_at;
    if (end) parts.push(TEXT.ends(formatDay(end), endsWithSecret(end, fields)));
    setLine(times, ...(token.state === "ACQUIRED" ? parts : []));
  }

  function showSending({ through, since }) {
    const time = since ? formatTime(since) : "";
    const other = through === ALTERNATIVE;
    setLine(failover, other && setting === "smtp" && TEXT.failover(time));
    setLine(used, other && setting === ALTERNATIVE && TEXT.inUse(time));
  }

  /** `fields` is the setting as it is saved. */
  function update(token, fields, { warnings = [], sending = {} }) {
    showSending(sending);
    showTimes(token, fields);
    showEnd(token, fields, warnings);
    setLine(owner, token.owner_differs && TEXT.ownerDiffers(token.owner, token.account));
  }
  return { lines: [failover, used, times, ending, advice, owner], update };
}
