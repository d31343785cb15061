// The form of a setting: it shows the fields that matter and sends what was changed.

import { acts, call, make, makeButton, makeField, messageBox, say, showFaults } from "./page.js";
import { TEXT } from "./text.js";

const COMMON = ["port", "security", "timeout_s", "auth_method"];
const POP_FIELDS = ["server", "check_interval_min", ...COMMON];
const DEVICE_FIELDS = ["alert_to"];
const SMTP_FIELDS = ["server", "secondary_server", "sender_name", "sender_address", ...COMMON];
const ENDPOINTS = ["device_authorization_endpoint", "authorization_endpoint", "token_endpoint",
  "revocation_endpoint", "userinfo_endpoint"];
const METHOD_FIELDS = {
  password: ["username", "password"],
  oauth2: ["provider", "grant", "account", "tenant", "client_id", "client_secret",
    "client_secret_ends_on", "scope", "issuer", ...ENDPOINTS],
};
// A field that is not here matters whatever the others say.
const MATTERS_WITH = {
  tenant: { provider: "microsoft" },
  device_authorization_endpoint: { provider: "custom", grant: "device_code" },
  authorization_endpoint: { provider: "custom", grant: "authorization_code" },
  issuer: { provider: "custom" },
  token_endpoint: { provider: "custom" },
  revocation_endpoint: { provider: "custom" },
  userinfo_endpoint: { provider: "custom" },
};
const PRESET_FIELDS = ["server", "port", "security", "grant"];
const NUMBERS = ["port", "timeout_s", "check_interval_min"];
const SECRETS = ["password", "client_secret"];

let presets = {};

/** Take what belongs to the providers: `{provider: {"smtp" | "pop3": {field: value}}}`. */
export function learnPresets(known) {
  presets = known;
}

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

function makeFields(setting, names, isSmtp) {
  const fields = {};
  for (const name of names) {
    const label = name === "server" && !isSmtp ? TEXT.popServer : TEXT.fields[name];
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

/** The fields that are always there and, behind a summary, those that most need not see. */
function layOut(fields) {
  const rows = (names) => names.filter((name) => name in fields).map((name) => fields[name].row);
  const seldom = make("details", {}, make("summary", { text: TEXT.endpoints }),
    make("div", { class: "grid" }, ...rows(ENDPOINTS)));
  const others = Object.keys(fields).filter((name) => !ENDPOINTS.includes(name));
  return { seldom, grid: make("div", { class: "grid" }, ...rows(others), seldom) };
}

/** Keeps what belongs to the provider with it; what somebody entered stays. */
function makeFilling(isSmtp, fields) {
  const of = (known) => presets[known]?.[isSmtp ? "smtp" : "pop3"];
  const entered = new Set();
  let saved = {};
  let provider = "";
  let grantBefore = "";

  /** Begin with what is saved; returns what a form that nobody filled in proposes. */
  function begin(settings) {
    saved = settings;
    ({ provider } = saved);
    grantBefore = "";
    entered.clear();
    const isFresh = !saved.server && !saved.account && !saved.client_id;
    return isFresh && saved.auth_method === "oauth2" ? of(provider) : {};
  }

  function isFree(name, former) {
    const { value } = fields[name].input;
    if (!value || entered.has(name)) return !value;
    // No server is like another; a port may belong to the server that somebody entered. The
    // values of a new setting are Microsoft's.
    const others = name === "server" ? Object.keys(presets) : [former, "microsoft"];
    return others.some((known) => String(of(known)?.[name]) === value);
  }

  /** With Google only one grant leads to a mailbox; with the others the former choice is back. */
  function chooseGrant(former) {
    const { input } = fields.grant;
    if (provider === "google") {
      grantBefore ||= input.value;
      input.value = "authorization_code";
      return;
    }
    const unasked = former === "google" && !entered.has("grant");
    input.value = grantBefore || (unasked && of(provider)?.grant) || input.value;
    grantBefore = "";
  }

  /** Somebody has changed a field. */
  function follow(input) {
    entered.add(PRESET_FIELDS.find((name) => fields[name].input === input));
    if (fields.provider.input !== input) return;
    const former = provider;
    provider = input.value;
    for (const name of ["server", "port", "security"]) {
      if (isFree(name, former)) fields[name].input.value = (of(provider) ?? saved)[name];
    }
    chooseGrant(former);
  }
  return { begin, follow };
}

/** `onSaved()` is called after each time that the device has taken the form. */
export function makeForm(setting, onSaved) {
  const isDevice = setting === "device";
  const isSmtp = setting.startsWith("smtp");
  const first = isDevice ? DEVICE_FIELDS : isSmtp ? SMTP_FIELDS : POP_FIELDS;
  const names = isDevice ? first : [...first, ...Object.values(METHOD_FIELDS).flat()];
  const fields = makeFields(setting, names, isSmtp);
  const valueOf = (name) => fields[name]?.input.value;
  const filling = isDevice ? null : makeFilling(isSmtp, fields);
  let saved = null;
  let shown = null; // what is saved, and what a form that nobody filled in proposes

  /** Is there, or may there be, a secret that can end? */
  function hasSecret() {
    return saved?.client_secret_set || saved?.client_secret_ends_on || valueOf("client_secret") ||
      valueOf("grant") === "client_credentials";
  }

  function matters(name) {
    if (![...first, ...(METHOD_FIELDS[valueOf("auth_method")] || [])].includes(name)) return false;
    if (name === "client_secret_ends_on" && !hasSecret()) return false;
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
    seldom.hidden = !ENDPOINTS.some(matters);
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
    saved = settings;
    shown = { ...saved, ...filling?.begin(saved) };
    for (const name of names) {
      fields[name].input.value = shown[name] ?? "";
      if (fields[name].removal) fields[name].removal.checked = false;
    }
    seldom.open = !saved.issuer;
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
  const { grid, seldom } = layOut(fields);
  const node = make("form", { novalidate: "" }, grid, box, acts(save));
  node.oninput = (event) => {
    filling?.follow(event.target);
    arrange();
  };
  node.onchange = (event) => {
    // Not while the issuer is being typed: what lies below would jump.
    if (event.target === fields.issuer?.input) seldom.open = !valueOf("issuer");
  };
  arrange();
  return {
    node, save, dirty, saved: () => saved || {},
    load: (settings) => dirty() || fill(settings),
    explain: (error) => showFaults(error, fields, box),
  };
}
