// The log of the device, its last alerts, and what is wrong with its storage.

import { call } from "./api.js";
import { card, make } from "./page.js";
import { formatTime, has, t } from "./words.js";

function makeLines(empty) {
  const none = make("p", { class: "soft", text: empty });
  const list = make("ol", { class: "log" });

  /** Show `{at, text}`, the newest first; what the device says of itself is English. */
  function update(lines) {
    none.hidden = lines.length > 0;
    list.replaceChildren(...[...lines].reverse().map(({ at, text, title }) => make("li", {},
      make("span", { class: "at", text: at ? formatTime(at) : "" }), title ? `${title} ` : "",
      make("span", { text, lang: "en" }))));
  }
  return { nodes: [none, list], update };
}

export function makeLog() {
  const faults = makeLines(t("log.no_faults"));
  const alerts = makeLines(t("log.no_alerts"));
  const lines = makeLines(t("log.empty"));
  const node = make("div", {}, card(t("log.lines"), ...lines.nodes),
    card(t("log.alerts"), ...alerts.nodes), card(t("log.faults"), ...faults.nodes));

  async function load({ seldom }) {
    if (!seldom) return false;
    const status = await call("GET", "/api/status");
    lines.update(status.log);
    alerts.update(status.alerts.map(({ at, event, detail }) =>
      ({ at, text: detail, title: has(`event.${event}`) ? t(`event.${event}`) : event })));
    faults.update(status.faults.map((text) => ({ text })));
    return false;
  }
  return { node, load };
}
