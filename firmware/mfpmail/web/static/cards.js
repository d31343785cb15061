// A card for each setting: its token, its connection test, its form.

import {
  acts, ask, byId, call, card, formatTime, make, makeButton, makeField, messageBox, say, setLine,
  setText, showFaults, soft,
} from "./page.js";
import { TEXT } from "./text.js";

const COMMON = ["port", "security", "timeout_s", "auth_method"];
const POP_FIELDS = ["server", "check_interval_min", ...COMMON];
const SMTP_FIELDS = ["server", "secondary_server", "sender_name", "sender_address", ...COMMON];
const METHOD_FIELDS = {
  none: [],
  password: ["username", "password"],
  oauth2: ["provider", "account", "tenant", "client_id", "client_secret", "scope",
    "device_authorization_endpoint", "token_endpoint"],
};
const ONE_PROVIDER = {
  tenant: "microsoft",
  device_authorization_endpoint: "custom",
  token_endpoint: "custom",
};
const NUMBERS = ["port", "timeout_s", "check_interval_min"];
const SECRETS = ["password", "client_secret"];
const PILLS = { AWAITING_AUTH: "wait", ACQUIRED: "ok", INVALID: "bad" };

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

function makeForm(setting, onSaved) {
  const first = setting === "smtp" ? SMTP_FIELDS : POP_FIELDS;
  const names = [...first, ...METHOD_FIELDS.password, ...METHOD_FIELDS.oauth2];
  const fields = {};
  for (const name of names) {
    const label = name === "server" && setting !== "smtp" ? TEXT.popServer : TEXT.fields[name];
    fields[name] = makeField(`${setting}-${name}`, label, makeInput(name), TEXT.hints[name]);
  }
  let saved = null;

  /** Show the fields that matter. */
  function arrange() {
    const wanted = [...first, ...(METHOD_FIELDS[fields.auth_method.input.value] || [])];
    const provider = fields.provider.input.value;
    for (const name of names) {
      const fits = (ONE_PROVIDER[name] || provider) === provider;
      fields[name].row.hidden = !wanted.includes(name) || !fits;
    }
  }

  function changes() {
    const given = {};
    for (const name of saved ? names : []) {
      const { input, row } = fields[name];
      const text = SECRETS.includes(name) ? input.value : input.value.trim();
      if (!row.hidden && text !== String(saved[name] ?? "")) {
        given[name] = NUMBERS.includes(name) && /^-?\d{1,9}$/.test(text) ? Number(text) : text;
      }
    }
    return given;
  }

  const dirty = () => Object.keys(changes()).length > 0;

  function fill(settings) {
    saved = settings;
    for (const name of names) {
      fields[name].input.value = saved[name] ?? "";
      if (saved[`${name}_set`]) fields[name].note.textContent = TEXT.secretStored;
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
  node.oninput = arrange;
  arrange();
  return {
    node, save, dirty, saved: () => saved || {},
    load: (settings) => dirty() || fill(settings),
    explain: (error) => showFaults(error, fields, box),
  };
}

/** Only an address of the web becomes a link. */
function setLink(link, uri) {
  if (/^https?:/.test(uri)) link.href = uri;
  else link.removeAttribute("href");
}

function makeCodePanel() {
  const elsewhere = { target: "_blank", rel: "noopener" };
  const address = make("a", elsewhere);
  const open = make("a", { ...elsewhere, class: "button", text: TEXT.openPage });
  const code = make("output", { tabindex: -1, "aria-label": TEXT.code });
  const left = soft();
  const bar = make("progress", { "aria-label": TEXT.timeLeftLabel });
  const box = messageBox();
  const copy = makeButton(TEXT.copy, box, () => {
    getSelection().selectAllChildren(code);
    // navigator.clipboard exists on https pages only.
    say(box, "ok", document.execCommand("copy") ? TEXT.copied : TEXT.notCopied);
  });
  const intro = make("p", { text: TEXT.openAddress });
  const node = make("div", { class: "code", hidden: "" }, intro, address, code, left, bar,
    acts(open, copy), box);
  let token = null;

  function tick() {
    if (node.hidden) return;
    const wait = Math.max(0, Math.round(token.code_expires_at - Date.now() / 1000));
    setLine(left, wait && TEXT.timeLeft(Math.floor(wait / 60), wait % 60));
    bar.hidden = !wait; // then the device speaks the last word
    bar.max = Math.max(1, token.code_expires_at - token.changed_at);
    bar.value = wait;
  }

  function update(next) {
    token = next;
    setText(address, token.verification_uri);
    setText(code, token.user_code);
    setLink(address, token.verification_uri);
    setLink(open, token.verification_uri_complete || token.verification_uri);
    tick();
  }
  return { node, code, open, update, tick };
}

/** `poll()` asks the device for the states at once. */
export function makeCard(setting, poll) {
  const words = TEXT.settings[setting];
  const pill = make("span");
  const detail = soft();
  const reason = make("p", { class: "bad" });
  const hint = soft();
  const box = messageBox();
  const panel = makeCodePanel();
  const form = makeForm(setting, poll);
  const path = make("p", { class: "soft", text: words.path });
  const details = make("details", {}, make("summary", { text: TEXT.form }), path, form.node);
  let token = {};

  const get = makeButton(TEXT.getToken, box, async () => {
    const { account, provider } = form.saved();
    const text = TEXT.getText(account, TEXT.choices.provider[provider]);
    if (!(await ask(TEXT.getTitle(words.name), text, TEXT.cancel))) return;
    try {
      await call("POST", `/api/tokens/${setting}/get`);
    } catch (error) {
      details.open ||= error.status === 422;
      form.explain(error);
    }
    await poll();
  });

  const remove = makeButton("", box, async () => {
    const waits = token.state === "AWAITING_AUTH";
    const question = (waits ? TEXT.cancelTitle : TEXT.deleteTitle)(words.name);
    const text = waits ? TEXT.cancelText : words.stops;
    if (!(await ask(question, text, waits ? TEXT.back : TEXT.cancel, true))) return;
    await call("DELETE", `/api/tokens/${setting}`);
    await poll();
  });
  remove.className = "danger";

  const testBox = messageBox();
  const test = makeButton(TEXT.test, testBox, async () => {
    say(testBox, "wait", TEXT.testing);
    const answer = await call("POST", `/api/settings/${setting}/test`);
    const { result, step, message, hint: advice } = answer;
    if (result === "ok") say(testBox, "ok", TEXT.testOk, message);
    else say(testBox, "bad", TEXT.testFailed, message, advice, `${step} · ${result}`);
  });

  const scope = make("p", { class: "soft", text: words.scope });
  const state = make("p", { class: "token" }, make("span", { text: TEXT.token }), pill);
  const node = card(words.name, scope, state, detail, reason, hint, panel.node,
    acts(get, remove, test), box, testBox, details);
  node.dataset.setting = setting;

  function showButtons() {
    const focused = document.activeElement;
    const waits = token.state === "AWAITING_AUTH";
    setText(remove, waits ? TEXT.cancel : TEXT.deleteToken);
    remove.hidden = token.state === "NOT_ACQUIRED";
    get.hidden = !remove.hidden || form.saved().auth_method !== "oauth2";
    panel.node.hidden = !waits;
    const lost = node.contains(focused) && !focused.checkVisibility();
    if (lost) (waits ? panel.code : node.firstChild).focus();
  }

    function update(next) {
    const before = token.state;
    token = next;
    const needless = get.hidden && remove.hidden && TEXT.noTokenNeeded;
    pill.className = `pill ${PILLS[token.state]}`;
    setText(pill, TEXT.states[token.state]);
    setLine(detail, token.account, token.changed_at && TEXT.since(formatTime(token.changed_at)));
    setLine(reason, token.message, token.reason);
    showButtons();
    setLine(hint, token.hint || needless);
    if (!panel.node.hidden) panel.update(token);
    if (!before || before === token.state) return;
    say(box, "");
    byId("live").textContent = `${words.name}: ${pill.textContent}`;
  }

  /** The button to press next, if any. */
  function nextStep() {
    if (form.dirty()) return form.save;
    if (token.state === "AWAITING_AUTH") return panel.open;
    if (token.state === "INVALID") return remove;
    if (details.open && !form.saved().server) return form.save;
    return !get.hidden && form.saved().account && get;
  }
  return { setting, node, form, details, update, nextStep, tick: panel.tick };
}
