// The sign-in for a token while it is under way: by code, or by an address that is brought back.

import { call } from "./api.js";
import {
  acts, make, makeButton, makeField, messageBox, say, setLine, setText, soft, technical,
} from "./page.js";
import { formatDuration, t } from "./words.js";

const ELSEWHERE = { target: "_blank", rel: "noopener" };

/** Only an address of the web becomes a link. */
function setLink(link, uri) {
  if (/^https?:/.test(uri)) link.href = uri;
  else link.removeAttribute("href");
}

const makeOpen = () => make("a", { ...ELSEWHERE, class: "button", text: t("grant.open_page") });

function makeCodePanel() {
  const address = make("a", ELSEWHERE);
  const open = makeOpen();
  const code = make("output", { tabindex: -1, "aria-label": t("grant.code") });
  const box = messageBox();
  const copy = makeButton(t("grant.copy"), box, () => {
    getSelection().selectAllChildren(code);
    // navigator.clipboard exists on https pages only.
    const done = document.execCommand("copy");
    say(box, "ok", done ? t("grant.copied") : t("grant.not_copied"));
  });
  const intro = make("p", { text: t("grant.open_address") });
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
  const { row, input, fault } = makeField(`${setting}-redirect`, t("grant.redirect_field"),
    make("input", { inputmode: "url", autocomplete: "off", autocapitalize: "none" }),
    t("grant.redirect_hint"));
  const finish = makeButton(t("grant.finish"), messageBox(), async () => {
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
    make("li", { text: t("grant.redirect_end") }), make("li", {}, form));
  let uri = "";

  function explain(error) {
    fault([error.message, error.hint].filter(Boolean).join(" "));
    setLine(answer, technical(error));
  }

  function update(token) {
    setText(signIn, t("grant.redirect_sign_in", { account: token.account }));
    if (token.authorization_uri === uri) return;
    uri = token.authorization_uri; // another sign-in: what was pasted belongs to the last
    setLink(open, uri);
    input.value = "";
    explain({});
  }
  return { node, start: open, next: finish, update };
}

/** `start` is where the focus belongs, `next` the button of the next step. */
export function makePanel(setting, poll) {
  const byCode = makeCodePanel();
  const byRedirect = makeRedirectPanel(setting, poll);
  const left = soft();
  const bar = make("progress", { "aria-label": t("grant.time_left_label") });
  const node = make("div", { class: "panel", hidden: "" },
    byCode.node, byRedirect.node, left, bar);
  const panel = { node, tick, update };
  let token = null;

  function tick() {
    if (node.hidden) return;
    const wait = Math.max(0, Math.round(token.code_expires_at - Date.now() / 1000));
    setLine(left, wait && t("grant.time_left", { time: formatDuration(wait) }));
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
