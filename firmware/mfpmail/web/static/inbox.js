// What was received, with a look at it where a browser can give one, and the check for more.

import { call, fetchFile } from "./api.js";
import { makeList } from "./list.js";
import {
  acts, ask, card, make, makeButton, messageBox, plainCard, say, setLine, setText, soft,
} from "./page.js";
import { formatBytes, formatTime, t } from "./words.js";

const POP_SETTINGS = ["ifax", "eprint", "estatus"];
const PICTURES = /^image\/(png|jpeg|gif|webp|bmp)\b/;
const TEXTS = /^text\//;
const MAX_PICTURE_BYTES = 8e6;
const MAX_TEXT_BYTES = 65536;

const canShow = ({ type, size }) =>
  TEXTS.test(type) || (PICTURES.test(type) && size <= MAX_PICTURE_BYTES);

/** The date that the sender has written, in the reader's words if it is one (RFC 5322). */
function readDate(text) {
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? text : formatTime(epochMs / 1000);
}

/** The policy of the page takes pictures from its own address and as data, from nowhere else. */
function readAsUrl(blob) {
  const reader = new FileReader();
  return new Promise((resolve) => {
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
}

async function makePreview({ id, type, name, size }) {
  const path = `/api/inbox/${id}`;
  if (PICTURES.test(type)) {
    const blob = await fetchFile(path, MAX_PICTURE_BYTES);
    const src = await readAsUrl(new Blob([blob], { type }));
    return [make("img", { src, alt: name || t("inbox.picture") })];
  }
  const text = await (await fetchFile(path, MAX_TEXT_BYTES)).text();
  const note = soft();
  setLine(note, size > MAX_TEXT_BYTES && t("inbox.cut", { size: formatBytes(MAX_TEXT_BYTES) }));
  return [make("pre", { text, tabindex: 0 }), note];
}

function makeRow(onChanged) {
  const link = make("a");
  const origin = soft();
  const detail = soft();
  const box = messageBox();
  const preview = make("div", { class: "preview" });
  let item = {};
  const look = makeButton("", box, async () => {
    if (preview.firstChild) preview.replaceChildren();
    else preview.replaceChildren(...await makePreview(item));
    showLook();
  });
  const remove = makeButton(t("job.remove"), box, async () => {
    const text = t("inbox.remove_text", { name: link.textContent });
    if (!(await ask(t("inbox.remove_title"), text, t("action.cancel"), true))) return;
    await call("DELETE", `/api/inbox/${item.id}`);
    await onChanged();
  });
  remove.className = "danger";

  function showLook() {
    const open = Boolean(preview.firstChild);
    look.ariaExpanded = String(open);
    setText(look, open ? t("inbox.hide") : t("inbox.show"));
  }

  function update(next) {
    item = next;
    setText(link, item.name || item.subject || t("job.no_subject"));
    link.href = `/api/inbox/${item.id}`;
    link.download = item.name;
    setLine(origin, t(`setting.${item.setting}`), item.from, item.subject,
      readDate(item.date));
    setLine(detail, item.type, formatBytes(item.size),
      item.pages && t("inbox.pages", { count: item.pages }));
    look.hidden = !canShow(item);
    showLook();
  }
  const row = make("li", {}, link, origin, detail, preview, box, acts(look, remove));
  return { row, update };
}

/** `onChanged()` asks the device at once what there is now. */
export function makeInbox(onChanged) {
  const box = messageBox();
  const checks = POP_SETTINGS.map((setting) => {
    const name = t(`setting.${setting}`);
    return makeButton(t("inbox.check_now", { name }), box, async () => {
      say(box, "wait", t("inbox.checking", { name }));
      const { received } = await call("POST", `/api/receive/${setting}`);
      say(box, "ok", t("inbox.checked", { name, count: received }));
      await onChanged();
    });
  });
  const list = makeList(t("inbox.none"), "/api/inbox", () => makeRow(onChanged));
  let loaded = false;

  async function load({ fresh, seldom }) {
    if (fresh || seldom || !loaded) await list.load();
    loaded = true;
    return false;
  }
  const node = make("div", {}, plainCard(...list.nodes),
    card(t("home.received"), box, acts(...checks)));
  return { node, load };
}
