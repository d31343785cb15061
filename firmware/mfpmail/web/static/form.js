// The form of a setting: it shows the fields that matter and sends what was changed.

import { acts, call, make, makeButton, makeField, messageBox, say, showFaults } from "./page.js";
import { TEXT } from "./text.js";

const COMMON = ["port", "security", "timeout_s", "auth_method"];
const POP_FIELDS = ["server", "check_interval_min", ...COMMON];
const SMTP_FIELDS = ["server", "secondary_server", "sender_name", "sender_address", ...COMMON];
const METHOD_FIELDS = {
  none: [],
  password: ["username", "password"],
  oauth2: ["provider", "grant", "account", "tenant", "client_id", "client_secret", "scope",
    "device_authorization_endpoint", "authorization_endpoint", "token_endpoint"],
};
// A field that is not here matters whatever the others say.
const MATTERS_WITH = {
  tenant: { provider: "microsoft" },
  device_authorization_endpoint: { provider: "custom", grant: "device_code" },
  authorization_endpoint: { provider: "custom", grant: "authorization_code" },
  token_endpoint: { provider: "custom" },
};
const NUMBERS = ["port", "timeout_s", "check_interval_min"];
const SECRETS = ["password", "client_secret"];

function makeInput(name) {
  if (name in TEXT.choices) {
    const options = Object.entries(TEXT.choices[name]);
    return make("select", {}, ...options.map(([value, text]) => make("option", { value, text })));
  }
  if (SECRETS.includes(name)) {
    return make("input", { type: "password", autocomplete: "new-password" });
  }
  // type="number" would not keep a bad value.
  const inputmode = NUMBERS.includes(name) ? "numeric" : "text";
  return make("input", { inputmode, autocomplete: "off", autocapitalize: "none" });
}

function makeFields(setting, names) {
  const fields = {};
  for (const name of names) {
    const label = name === "server" && setting !== "smtp" ? TEXT.popServer : TEXT.fields[name];
    fields[name] = makeField(`${setting}-${name}`, label, makeInput(name));
    if (SECRETS.includes(name)) addRemoval(fields[name]);
  }
  return fields;
}

/** A secret is never shown, so that emptying its field cannot mean to remove it. */
function addRemoval(field) {
  const { input } = field;
  field.removal = make("input", { type: "checkbox" });
  field.removalRow = make("label", { class: "check" }, field.removal, TEXT.removeSecret);
  const both = make("div");
  input.replaceWith(both);
  both.append(input, field.removalRow);
}

export function makeForm(setting, onSaved) {
  const first = setting === "smtp" ? SMTP_FIELDS : POP_FIELDS;
  const names = [...first, ...METHOD_FIELDS.password, ...METHOD_FIELDS.oauth2];
  const fields = makeFields(setting, names);
  const valueOf = (name) => fields[name].input.value;
  let saved = null;
  let grantBefore = "";

  function matters(name) {
    if (![...first, ...(METHOD_FIELDS[valueOf("auth_method")] || [])].includes(name)) return false;
    const others = Object.entries(MATTERS_WITH[name] || {});
    return others.every(([other, value]) => valueOf(other) === value);
  }

  function hintOf(name) {
    const hint = TEXT.hints[name] ?? "";
    return typeof hint === "string" ? hint : hint(valueOf("grant"), valueOf("provider"));
  }

  /** Show the fields that matter, with the hints that fit. */
  function arrange() {
    for (const name of names) {
      const { row, note, input, removal, removalRow } = fields[name];
      row.hidden = !matters(name);
      const stored = saved?.[`${name}_set`];
      note.textContent = stored ? TEXT.secretStored : hintOf(name);
      if (!removal) continue;
      removalRow.hidden = !stored;
      input.disabled = removal.checked;
    }
  }

  /** With Google only one grant leads to a mailbox; with the others the former choice is back. */
  function chooseGrant() {
    const { input } = fields.grant;
    if (valueOf("provider") === "google") {
      grantBefore ||= input.value;
      input.value = "authorization_code";
    } else if (grantBefore) {
      input.value = grantBefore;
      grantBefore = "";
    }
  }

  function changes() {
    const given = {};
    for (const name of saved ? names : []) {
      const { input, row, removal } = fields[name];
      if (row.hidden) continue;
      const text = SECRETS.includes(name) ? input.value : input.value.trim();
      if (removal?.checked) given[name] = "";
      else if (text !== String(saved[name] ?? "")) {
        given[name] = NUMBERS.includes(name) && /^-?\d{1,9}$/.test(text) ? Number(text) : text;
      }
    }
    return given;
  }

  const dirty = () => Object.keys(changes()).length > 0;

  function fill(settings) {
    saved = settings;
    grantBefore = "";
    for (const name of names) {
      fields[name].input.value = saved[name] ?? "";
      if (fields[name].removal) fields[name].removal.checked = false;
    }
    arrange();
  }

  const box = messageBox();
  const save = makeButton(TEXT.save, box, async () => {
    for (const name of names) fields[name].fault("");
    try {
      fill(await call("PUT", `/api/settings/${setting}`, changes()));
    } catch (error) {
      return showFaults(error, fields, box);
    }
    say(box, "ok", TEXT.saved);
    return onSaved();
  }, "submit");
  const grid = make("div", { class: "grid" }, ...names.map((name) => fields[name].row));
  const node = make("form", { novalidate: "" }, grid, box, acts(save));
  node.oninput = (event) => {
    if (event.target === fields.provider.input) chooseGrant();
    arrange();
  };
  arrange();
  return {
    node, save, dirty, saved: () => saved || {},
    load: (settings) => dirty() || fill(settings),
    explain: (error) => showFaults(error, fields, box),
  };
}
