// The screen of a setting: its token, the sign-in for it, its form, its connection test.

import { call } from "./api.js";
import { learnPresets } from "./filling.js";
import { makeForm } from "./form.js";
import { makePanel } from "./grant.js";
import { makeLife } from "./life.js";
import {
  acts, ask, byId, card, complain, make, makeButton, makeCause, messageBox, say, setLine, setText,
  showState, soft,
} from "./page.js";
import { formatTime, t } from "./words.js";

/** How the label of [Also end it at the provider] reads, "" where the provider cannot do that. */
function endingToo({ provider, revocation_endpoint: endpoint, account }) {
  if (provider === "google") return t("token.revoke_all", { account });
  return provider === "custom" && endpoint ? t("token.revoke") : "";
}

function makeTest(setting) {
  const box = messageBox();
  const test = makeButton(t("test.start"), box, async () => {
    say(box, "wait", t("test.runs"));
    const answer = await call("POST", `/api/settings/${setting}/test`);
    if (answer.result === "ok") say(box, "ok", t("test.ok"), answer.message);
    else complain(box, answer, t("test.failed"));
  });
  return card(t("test.title"), box, acts(test));
}

/** `poll()` asks the device for the states at once. */
export function makeSetting(setting, poll) {
  const name = t(`setting.${setting}`);
  const pill = make("span");
  const detail = soft();
  const cause = makeCause("bad");
  const needless = soft();
  const life = makeLife(setting);
  const box = messageBox();
  const panel = makePanel(setting, poll);
  const form = makeForm(setting, poll);
  let token = {};
  let status = {};

  const get = makeButton(t("token.get"), box, async () => {
    const { account, provider, grant } = form.saved();
    const text = t(`token.how.${grant}`, { account, provider: t(`choice.provider.${provider}`) });
    if (!(await ask(t("token.get_title", { name }), text, t("action.cancel")))) return;
    const error = await call("POST", `/api/tokens/${setting}/get`).then(() => null, (e) => e);
    // Now the endpoints may be known, which are found from the issuer.
    if (form.saved().issuer) form.load(await call("GET", `/api/settings/${setting}`));
    await poll();
    // What the provider answered stands beside the state already.
    if (error && error.message !== token.message) form.explain(error);
  });

  const remove = makeButton("", box, async () => {
    const waits = token.state === "AWAITING_AUTH";
    const question = waits ? t("token.cancel_title", { name }) : t("token.delete_title", { name });
    const text = waits ? t("token.cancel_text") : t(`setting.stops.${setting}`);
    const option = waits ? "" : endingToo(form.saved());
    const back = waits ? t("action.back") : t("action.cancel");
    const answer = await ask(question, text, back, true, option);
    if (!answer) return;
    const address = `/api/tokens/${setting}`;
    const { revocation } = await (answer.more ? call("POST", `${address}/revoke`)
      : call("DELETE", address));
    await poll();
    if (revocation?.reason) complain(box, revocation, t("token.not_revoked"));
    else if (revocation) say(box, "ok", t("token.revoked"));
  });
  remove.className = "danger";

  const state = make("p", { class: "token" }, pill);
  const scope = make("p", { class: "soft", text: t(`setting.scope.${setting}`) });
  const tokenCard = card(t("token.title"), state, detail, scope, ...cause.lines, needless,
    ...life.lines, panel.node, acts(get, remove), box);
  const node = make("div", {}, life.held, tokenCard, card(t("form.title"), form.node),
    makeTest(setting));
  node.dataset.setting = setting;

  function showButtons() {
    const focused = document.activeElement;
    const waits = token.state === "AWAITING_AUTH";
    setText(remove, waits ? t("action.cancel") : t("token.delete"));
    remove.hidden = token.state === "NOT_ACQUIRED";
    get.hidden = !remove.hidden || form.saved().auth_method !== "oauth2";
    panel.update(token);
    const lost = node.contains(focused) && !focused.checkVisibility();
    if (lost) (waits ? panel.start : tokenCard.firstChild).focus();
  }

  function update(next) {
    const before = token.state;
    token = next;
    showState(pill, token.state);
    setLine(detail, token.account,
      token.changed_at && t("token.since", { time: formatTime(token.changed_at) }));
    cause.update(token);
    life.update(token, form.saved(), status);
    showButtons();
    setLine(needless, get.hidden && remove.hidden && t("token.needless"));
    if (!before || before === token.state) return;
    say(box, "");
    byId("live").textContent = `${name}: ${pill.textContent}`;
  }

  async function load({ settings, seldom }) {
    if (settings) {
      learnPresets(await call("GET", "/api/providers"));
      form.load(settings[setting]);
    }
    update(await call("GET", `/api/tokens/${setting}`));
    if (seldom) {
      status = await call("GET", "/api/status");
      life.update(token, form.saved(), status);
    }
    return token.state === "AWAITING_AUTH";
  }

  /** The button to press next, if any. */
  function nextStep() {
    if (form.dirty() || !form.saved().server) return form.save;
    if (token.state === "AWAITING_AUTH") return panel.next;
    if (token.state === "INVALID") return remove;
    return !get.hidden && form.saved().account && get;
  }
  return { node, load, nextStep, typed: form.dirty, tick: panel.tick };
}
