// The manual's menu: which screens there are, and under which path the manual has each of them.

import { byId, make, setText } from "./page.js";
import { t } from "./words.js";

const ADMINISTRATOR = ["admin", "system"];
const WIDE = matchMedia("(min-width: 46.01rem)");

// Four screens show one and the same setting: that for sending has one token.
export const SCREENS = {
  home: { path: ["home"] },
  "network-smtp": { setting: "smtp", path: ["network", "service", "smtp"] },
  "network-quick": { setting: "smtp", path: ["network", "quick"] },
  "network-smtp2": { setting: "smtp2", path: ["network", "alternative"] },
  "alert-smtp": { setting: "smtp", path: ["control", "alert", "smtp_settings"] },
  "alert-status": { setting: "estatus", path: ["control", "alert", "email_status"] },
  "initial-quick": { setting: "smtp", path: ["initial", "network_quick"] },
  "fax-server": { setting: "ifax", path: ["image_send", "fax", "server"] },
  "printer-email": { setting: "eprint", path: ["printer", "email_print"] },
  jobs: { path: ["mail", "jobs"] },
  inbox: { path: ["mail", "inbox"] },
  send: { path: ["mail", "send"] },
  device: { path: ["device", "settings"] },
  log: { path: ["device", "log"] },
};

/** The screen where each setting is to be found first. */
export const screenOf = (setting) =>
  Object.keys(SCREENS).find((id) => SCREENS[id].setting === setting);

export const addressOf = (id) => `#/${id}`;

/** The screen that the address names. */
export function currentId() {
  const id = location.hash.slice(2);
  return Object.hasOwn(SCREENS, id) ? id : "home";
}

const wordsOf = (path) => path.map((name) => t(`menu.${name}`));
const links = {};

function makeItem(id) {
  const { path } = SCREENS[id];
  const text = wordsOf(path.length > 1 ? path.slice(1) : path).join(": ");
  links[id] = make("a", { href: addressOf(id), text });
  return make("li", {}, links[id]);
}

/** A list of links in groups. On a small screen it is folded away. */
export function makeMenu() {
  const groups = {};
  const list = make("ul");
  for (const id in SCREENS) {
    const [group, ...rest] = SCREENS[id].path;
    if (!rest.length) {
      list.append(makeItem(id));
      continue;
    }
    groups[group] ??= list.appendChild(make("li", {}, make("span", { text: t(`menu.${group}`) }),
      make("ul"))).lastChild;
    groups[group].append(makeItem(id));
  }
  const node = make("details", { class: "menu" }, make("summary", { text: t("menu.title") }),
    make("nav", { "aria-label": t("menu.title") }, list));
  const fold = () => {
    node.open = WIDE.matches;
  };
  WIDE.onchange = fold;
  fold();
  return { node, fold };
}

/** Say where one is: mark the link, write the path and the title. */
export function showPlace(id) {
  for (const other in links) links[other].ariaCurrent = other === id ? "page" : null;
  const { setting, path } = SCREENS[id];
  const words = wordsOf([...(setting ? ADMINISTRATOR : []), ...path]);
  setText(byId("path"), words.length > 1 ? words.join(" › ") : "");
  setText(byId("title"), words.at(-1));
  document.title = `${words.at(-1)} · mfpmail`;
}
