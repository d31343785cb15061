// The fields of the settings: which there are, in which order, what can be chosen, what hints say.

import { make, makeField } from "./page.js";
import { has, LANGUAGES, t } from "./words.js";

const COMMON = ["port", "security", "timeout_s", "auth_method"];
const SMTP_FIELDS = ["server", "secondary_server", "sender_name", "sender_address", ...COMMON];
const POP_FIELDS = ["server", "check_interval_min", ...COMMON];
const ENDPOINTS = ["device_authorization_endpoint", "authorization_endpoint", "token_endpoint",
  "revocation_endpoint", "userinfo_endpoint"];
const RECEPTION = ["check_at_start", "allow_from", "deny_from", "unsupported",
  "answer_unsupported"];
export const METHOD_FIELDS = {
  password: ["username", "password"],
  oauth2: ["provider", "grant", "account", "tenant", "client_id", "client_secret",
    "client_secret_ends_on", "scope", "issuer", ...ENDPOINTS],
};
const METHOD_FIELDS_ALL = Object.values(METHOD_FIELDS).flat();
// A field that is not here matters whatever the others say.
export const MATTERS_WITH = {
  tenant: { provider: "microsoft" },
  device_authorization_endpoint: { provider: "custom", grant: "device_code" },
  authorization_endpoint: { provider: "custom", grant: "authorization_code" },
  issuer: { provider: "custom" },
  token_endpoint: { provider: "custom" },
  revocation_endpoint: { provider: "custom" },
  userinfo_endpoint: { provider: "custom" },
};
const PROVIDERS = ["microsoft", "outlook", "google", "custom"];
const CHOICES = {
  security: ["tls", "starttls", "off"],
  auth_method: ["none", "password", "oauth2"],
  provider: PROVIDERS,
  grant: ["device_code", "authorization_code", "client_credentials"],
  check_at_start: ["no", "yes"],
  unsupported: ["keep", "delete"],
  answer_unsupported: ["no", "yes"],
  language: ["en", "el"],
  status_every: ["off", "daily", "weekly", "monthly"],
};
const EVENTS = ["paper_out", "paper_jam", "toner_low", "toner_empty", "service_call", "cover_open",
  "waste_toner_full", "job_failed", "inbox_full", "storage_fault", "token_dies", "token_invalid"];
export const NUMBERS = ["port", "timeout_s", "check_interval_min", "utc_offset_min",
  "status_hour"];
export const SECRETS = ["password", "client_secret"];

// Groups with a title; those that most need not see are folded away.
export const GROUPS = {
  smtp: [
    { names: [...SMTP_FIELDS, ...METHOD_FIELDS_ALL.filter((name) => !ENDPOINTS.includes(name))] },
    { title: "form.endpoints", names: ENDPOINTS, folded: true },
  ],
  pop3: [
    { names: [...POP_FIELDS, ...METHOD_FIELDS_ALL.filter((name) => !ENDPOINTS.includes(name))] },
    { title: "form.endpoints", names: ENDPOINTS, folded: true },
    { title: "form.reception", names: RECEPTION, folded: true },
  ],
  device: [
    { title: "form.device", names: ["language", "device_name", "utc_offset_min"] },
    { title: "form.warnings", names: ["alert_to", "alert_events"] },
    { title: "form.status", names: ["status_to", "status_every", "status_hour"] },
  ],
};

export const groupsOf = (setting) =>
  GROUPS[setting === "device" ? setting : setting.startsWith("smtp") ? "smtp" : "pop3"];

function choiceText(name, value) {
  if (name === "language") return LANGUAGES[value];
  return ["yes", "no"].includes(value) ? t(`choice.${value}`) : t(`choice.${name}.${value}`);
}

function makeInput(name) {
  if (name in CHOICES) {
    return make("select", {}, ...CHOICES[name].map((value) =>
      make("option", { value, text: choiceText(name, value) })));
  }
  if (SECRETS.includes(name)) {
    return make("input", { type: "password", autocomplete: "new-password" });
  }
  // type="number" would not keep a bad value.
  const inputmode = NUMBERS.includes(name) ? "numeric" : "text";
  return make("input", { inputmode, autocomplete: "off", autocapitalize: "none" });
}

/** A secret is never shown, so that emptying its field cannot mean to remove it. */
function addRemoval(field) {
  const { input } = field;
  field.removal = make("input", { type: "checkbox" });
  field.removalRow = make("label", { class: "check" }, field.removal, t("form.remove_secret"));
  const both = make("div");
  input.replaceWith(both);
  both.append(input, field.removalRow);
}

/** A field of check boxes; its value is "all", or the names of those that are checked. */
function makeEvents(id, label) {
  const note = make("p", { class: "soft", id: `${id}-hint` });
  const error = make("p", { class: "fault", id: `${id}-fault` });
  const boxes = EVENTS.map((value) => make("input", { type: "checkbox", value }));
  const rows = boxes.map((box) =>
    make("label", { class: "check" }, box, t(`event.${box.value}`)));
  const row = make("fieldset", { class: "events", "aria-describedby": `${note.id} ${error.id}` },
    make("legend", { text: label }), note, make("div", {}, ...rows), error);
  const input = {
    get value() {
      const checked = boxes.filter((box) => box.checked).map((box) => box.value);
      return checked.length === EVENTS.length ? "all" : checked.join(",");
    },
    set value(text) {
      const names = text === "all" ? EVENTS : text.split(",").map((name) => name.trim());
      for (const box of boxes) box.checked = names.includes(box.value);
    },
    focus: () => boxes[0].focus(),
  };
  const fault = (text) => {
    error.textContent = text;
  };
  return { row, input, note, fault, isList: true };
}

/** Make the fields of a setting by name. */
export function makeFields(setting) {
  const isPop = !setting.startsWith("smtp") && setting !== "device";
  const fields = {};
  for (const name of groupsOf(setting).flatMap((group) => group.names)) {
    const id = `${setting}-${name}`;
    const label = name === "server" && isPop ? t("field.server.pop3") : t(`field.${name}`);
    fields[name] = name === "alert_events" ? makeEvents(id, label)
      : makeField(id, label, makeInput(name));
    if (SECRETS.includes(name)) addRemoval(fields[name]);
  }
  return fields;
}

/** The hint below a label, which may depend on the provider or the way to sign in. */
export function hintOf(name, provider, grant) {
  const keys = [`hint.${name}.${provider}`, `hint.${name}.${grant}`, `hint.${name}`];
  const found = keys.find(has);
  return found ? t(found) : "";
}
