// The form of a setting: it shows the fields that matter and sends what was changed.

import { call } from "./api.js";
import {
  groupsOf, hintOf, makeFields, MATTERS_WITH, METHOD_FIELDS, NUMBERS, SECRETS,
} from "./fields.js";
import { makeFilling, PRESET_FIELDS } from "./filling.js";
import { acts, make, makeButton, messageBox, say, showFaults } from "./page.js";
import { t } from "./words.js";

const ENDPOINTS = "form.endpoints";

/** Each group with its box: rows, a fieldset with a title, or folded away behind it. */
function layOut(groups, fields) {
  return groups.map(({ title, names, folded }) => {
    const grid = make("div", { class: "grid" }, ...names.map((name) => fields[name].row));
    const head = title && make(folded ? "summary" : "legend", { text: t(title) });
    const box = head ? make(folded ? "details" : "fieldset", {}, head, grid) : grid;
    return { title, names, box };
  });
}

/** `onSaved()` is called after each time that the device has taken the form. */
export function makeForm(setting, onSaved) {
  const fields = makeFields(setting);
  const names = Object.keys(fields);
  const valueOf = (name) => fields[name]?.input.value;
  const filling = setting === "device" ? null : makeFilling(setting.startsWith("smtp"), fields);
  let saved = null;
  let shown = null; // what is saved, and what a form that nobody filled in proposes

  /** Is there, or may there be, a secret that can end? */
  function hasSecret() {
    return saved?.client_secret_set || saved?.client_secret_ends_on || valueOf("client_secret") ||
      valueOf("grant") === "client_credentials";
  }

  function matters(name) {
    const methods = Object.keys(METHOD_FIELDS).filter((m) => METHOD_FIELDS[m].includes(name));
    if (methods.length && !methods.includes(valueOf("auth_method"))) return false;
    if (name === "client_secret_ends_on" && !hasSecret()) return false;
    const others = Object.entries(MATTERS_WITH[name] || {});
    return others.every(([other, value]) => valueOf(other) === value);
  }

  /** Show the fields that matter, with the hints that fit. */
  function arrange() {
    for (const name of names) {
      const { row, note, input, removal, removalRow } = fields[name];
      row.hidden = !matters(name);
      const stored = saved?.[`${name}_set`];
      note.textContent = stored ? t("form.secret_stored")
        : hintOf(name, valueOf("provider"), valueOf("grant"));
      if (!removal) continue;
      removalRow.hidden = !stored;
      input.disabled = removal.checked;
    }
    for (const { box, names: inside } of groups) box.hidden = !inside.some(matters);
  }

  const textOf = (name) => (SECRETS.includes(name) ? valueOf(name) : valueOf(name).trim());

  /** The visible fields whose values are not those of `settings`. */
  function differing(settings) {
    return names.filter((name) => settings && !fields[name].row.hidden &&
      (fields[name].removal?.checked || textOf(name) !== String(settings[name] ?? "")));
  }

  const dirty = () => differing(shown).length > 0;

  function changes() {
    const given = {};
    const changed = differing(saved);
    // What stands in the form stays, also where the device itself would follow the provider.
    if (changed.includes("provider")) changed.push(...PRESET_FIELDS);
    for (const name of changed) {
      const text = textOf(name);
      const isNumber = NUMBERS.includes(name) && /^-?\d{1,9}$/.test(text);
      given[name] = fields[name].removal?.checked ? "" : isNumber ? Number(text) : text;
    }
    return given;
  }

  function fill(settings) {
    saved = { ...settings };
    shown = { ...saved, ...filling?.begin(saved) };
    for (const name of names) {
      const { input, isList, removal } = fields[name];
      input.value = shown[name] ?? "";
      if (isList) saved[name] = shown[name] = input.value; // the same names, in our order
      if (removal) removal.checked = false;
    }
    openEndpoints(!saved.issuer);
    arrange();
  }

  const box = messageBox();
  const save = makeButton(t("form.save"), box, async () => {
    for (const name of names) fields[name].fault("");
    try {
      fill(await call("PUT", `/api/settings/${setting}`, changes()));
    } catch (error) {
      return showFaults(error, fields, box);
    }
    say(box, "ok", t("form.saved"));
    return onSaved();
  }, "submit");
  const groups = layOut(groupsOf(setting), fields);
  const endpoints = groups.find((group) => group.title === ENDPOINTS);
  const openEndpoints = (yes) => {
    if (endpoints) endpoints.box.open = yes;
  };
  const node = make("form", { novalidate: "" }, ...groups.map((group) => group.box), box,
    acts(save));
  node.oninput = (event) => {
    filling?.follow(event.target);
    arrange();
  };
  node.onchange = (event) => {
    // Not while the issuer is being typed: what lies below would jump.
    if (event.target === fields.issuer?.input) openEndpoints(!valueOf("issuer"));
  };
  arrange();
  return {
    node, save, dirty, saved: () => saved || {},
    load: (settings) => dirty() || fill(settings),
    explain: (error) => showFaults(error, fields, box),
  };
}
