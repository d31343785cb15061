// A card for each setting: its token, the sign-in for it, its connection test, its form.

import { makeForm } from "./form.js";
import { makeLife } from "./life.js";
import {
  acts, ask, byId, call, card, complain, formatTime, make, makeButton, makeCause, makeField,
  messageBox, say, setLine, setText, soft, technical,
} from "./page.js";
import { TEXT } from "./text.js";

const PILLS = { AWAITING_AUTH: "wait", ACQUIRED: "ok", INVALID: "bad" };
const ELSEWHERE = { target: "_blank", rel: "noopener" };

/** Only an address of the web becomes a link. */
function setLink(link, uri) {
  if (/^https?:/.test(uri)) link.href = uri;
  else link.removeAttribute("href");
}

const makeOpen = () => make("a", { ...ELSEWHERE, class: "button", text: TEXT.openPage });

function makeCodePanel() {
  const address = make("a", ELSEWHERE);
  const open = makeOpen();
  const code = make("output", { tabindex: -1, "aria-label": TEXT.code });
  const box = messageBox();
  const copy = makeButton(TEXT.copy, box, () => {
    getSelection().selectAllChildren(code);
    // navigator.clipboard exists on https pages only.
    say(box, "ok", document.execCommand("copy") ? TEXT.copied : TEXT.notCopied);
  });
  const intro = make("p", { text: TEXT.openAddress });
  const node = make("div", {}, intro, address, code, acts(open, copy), box);

  function update(token) {
    setText(address, token.verification_uri);
    setText(code, token.user_code);
    setLink(address, token.verification_uri);
    setLink(open, token.verification_uri_complete || token.verification_uri);
  }
  return { node, start: code, next: open, update };
}

/** The browser ends at an address that nobody serves; the administrator brings it back here. */
function makeRedirectPanel(setting, poll) {
  const open = makeOpen();
  const signIn = make("p");
  const { row, input, fault } = makeField(`${setting}-redirect`, TEXT.redirectField,
    make("input", { inputmode: "url", autocomplete: "off", autocapitalize: "none" }),
    TEXT.redirectHint);
  const finish = makeButton(TEXT.finish, messageBox(), async () => {
    explain({});
    try {
      await call("POST", `/api/tokens/${setting}/redirect`, { url: input.value });
    } catch (error) {
      explain(error);
      input.select();
    }
    await poll();
  }, "submit");
  const answer = soft();
  const form = make("form", { novalidate: "" }, row, answer, acts(finish));
  const node = make("ol", {}, make("li", {}, signIn, open),
    make("li", { text: TEXT.redirectEnd }), make("li", {}, form));
  let uri = "";

  function explain(error) {
    fault([error.message, error.hint].filter(Boolean).join(" "));
    setLine(answer, technical(error));
  }

  function update(token) {
    setText(signIn, TEXT.redirectSignIn(token.account));
    if (token.authorization_uri === uri) return;
    uri = token.authorization_uri; // another sign-in: what was pasted belongs to the last
    setLink(open, uri);
    input.value = "";
    explain({});
  }
  return { node, start: open, next: finish, update };
}

/** `start` is where the focus belongs, `next` the button of the next step. */
function makePanel(setting, poll) {
  const byCode = makeCodePanel();
  const byRedirect = makeRedirectPanel(setting, poll);
  const left = soft();
  const bar = make("progress", { "aria-label": TEXT.timeLeftLabel });
  const node = make("div", { class: "panel", hidden: "" },
    byCode.node, byRedirect.node, left, bar);
  const panel = { node, tick, update };
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
    node.hidden = token.state !== "AWAITING_AUTH";
    if (node.hidden) return;
    const shown = token.authorization_uri ? byRedirect : byCode;
    byRedirect.node.hidden = shown !== byRedirect;
    byCode.node.hidden = shown !== byCode;
    shown.update(token);
    Object.assign(panel, { start: shown.start, next: shown.next });
    tick();
  }
  return panel;
}

/** How the label of [Also end it at the provider] reads, "" where the provider cannot do that. */
function endingToo({ provider, revocation_endpoint: endpoint, account }) {
  if (provider === "google") return TEXT.revokeAll(account);
  return provider === "custom" && endpoint ? TEXT.revoke : "";
}

/** `poll()` asks the device for the states at once. */
export function makeCard(setting, poll) {
  const words = TEXT.settings[setting];
  const pill = make("span");
  const detail = soft();
  const cause = makeCause("bad");
  const needless = soft();
  const life = makeLife(setting);
  const box = messageBox();
  const panel = makePanel(setting, poll);
  const form = makeForm(setting, poll);
  const path = soft();
  setLine(path, words.path);
  const details = make("details", {}, make("summary", { text: TEXT.form }), path, form.node);
  let token = {};
  let status = {};

  const get = makeButton(TEXT.getToken, box, async () => {
    const { account, provider, grant } = form.saved();
    const text = TEXT.getText[grant](account, TEXT.choices.provider[provider]);
    if (!(await ask(TEXT.getTitle(words.name), text, TEXT.cancel))) return;
    const error = await call("POST", `/api/tokens/${setting}/get`).then(() => null, (e) => e);
    // Now the endpoints may be known, which are found from the issuer.
    if (form.saved().issuer) form.load(await call("GET", `/api/settings/${setting}`));
    await poll();
    // What the provider answered stands beside the state already.
    if (!error || error.message === token.message) return;
    details.open ||= error.status === 422;
    form.explain(error);
  });

  const remove = makeButton("", box, async () => {
    const waits = token.state === "AWAITING_AUTH";
    const question = (waits ? TEXT.cancelTitle : TEXT.deleteTitle)(words.name);
    const text = waits ? TEXT.cancelText : words.stops;
    const option = waits ? "" : endingToo(form.saved());
    const answer = await ask(question, text, waits ? TEXT.back : TEXT.cancel, true, option);
    if (!answer) return;
    const address = `/api/tokens/${setting}`;
    const { revocation } = await (answer.more ? call("POST", `${address}/revoke`)
      : call("DELETE", address));
    await poll();
    if (revocation?.reason) complain(box, revocation, TEXT.notRevoked);
    else if (revocation) say(box, "ok", TEXT.revoked);
  });
  remove.className = "danger";

  const testBox = messageBox();
  const test = makeButton(TEXT.test, testBox, async () => {
    say(testBox, "wait", TEXT.testing);
    const answer = await call("POST", `/api/settings/${setting}/test`);
    if (answer.result === "ok") say(testBox, "ok", TEXT.testOk, answer.message);
    else complain(testBox, answer, TEXT.testFailed);
  });

  const scope = make("p", { class: "soft", text: words.scope });
  const state = make("p", { class: "token" }, make("span", { text: TEXT.token }), pill);
  const node = card(words.name, scope, state, detail, ...cause.lines, needless, ...life.lines,
    panel.node, acts(get, remove, test), box, testBox, details);
  node.dataset.setting = setting;

  function showButtons() {
    const focused = document.activeElement;
    const waits = token.state === "AWAITING_AUTH";
    setText(remove, waits ? TEXT.cancel : TEXT.deleteToken);
    remove.hidden = token.state === "NOT_ACQUIRED";
    get.hidden = !remove.hidden || form.saved().auth_method !== "oauth2";
    panel.update(token);
    const lost = node.contains(focused) && !focused.checkVisibility();
    if (lost) (waits ? panel.start : node.firstChild).focus();
  }

  const showLife = () => life.update(token, form.saved(), status);

  /** What the device's status says; it is asked for more seldom than the tokens. */
  function note(next) {
    status = next;
    showLife();
  }

  function update(next) {
    const before = token.state;
    token = next;
    pill.className = `pill ${PILLS[token.state]}`;
    setText(pill, TEXT.states[token.state]);
    setLine(detail, token.account, token.changed_at && TEXT.since(formatTime(token.changed_at)));
    cause.update(token);
    showLife();
    showButtons();
    setLine(needless, get.hidden && remove.hidden && TEXT.noTokenNeeded);
    if (!before || before === token.state) return;
    say(box, "");
    byId("live").textContent = `${words.name}: ${pill.textContent}`;
  }

  /** The button to press next, if any. */
  function nextStep() {
    if (form.dirty()) return form.save;
    if (token.state === "AWAITING_AUTH") return panel.next;
    if (token.state === "INVALID") return remove;
    if (details.open && !form.saved().server) return form.save;
    return !get.hidden && form.saved().account && get;
  }
  return { setting, node, form, details, update, note, nextStep, tick: panel.tick };
}
