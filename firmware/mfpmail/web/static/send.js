// The form that sends a file or a text as a mail, with the progress of its upload.

import { upload } from "./api.js";
import { hintOf } from "./fields.js";
import { addressOf } from "./menu.js";
import {
  acts, make, makeButton, makeField, messageBox, plainCard, say, showFaults,
} from "./page.js";
import { t } from "./words.js";

export function makeSend() {
  const inputs = {
    to: make("input", { inputmode: "email", autocapitalize: "none", autocomplete: "off" }),
    subject: make("input", { autocomplete: "off" }),
    text: make("textarea", { rows: 3 }),
    file: make("input", { type: "file", multiple: "" }),
  };
  const fields = {};
  for (const name in inputs) {
    fields[name] = makeField(`mail-${name}`, t(`field.${name}`), inputs[name], hintOf(name));
  }
  const box = messageBox();
  const bar = make("progress", { "aria-label": t("send.uploading") });
  let stop = null;
  const cancel = makeButton(t("action.cancel"), messageBox(), () => stop.abort());
  const showUpload = (runs) => {
    bar.hidden = cancel.hidden = !runs;
  };
  const send = makeButton(t("send.start"), box, async () => {
    const content = new FormData();
    for (const name of ["to", "subject", "text"]) content.append(name, inputs[name].value);
    for (const file of inputs.file.files) content.append("file", file);
    for (const name in fields) fields[name].fault("");
    say(box, "wait", t("send.uploading"));
    stop = new AbortController();
    showUpload(true);
    try {
      await upload("/api/jobs", content, (part) => (bar.value = part), stop.signal);
    } catch (error) {
      if (stop.signal.aborted) return say(box, "wait", t("send.cancelled"));
      return showFaults(error, fields, box);
    } finally {
      if (document.activeElement === cancel) send.focus();
      showUpload(false);
    }
    form.reset();
    say(box, "ok", t("send.taken"));
    box.append(make("a", { href: addressOf("jobs"), text: t("menu.jobs") }));
  }, "submit");
  const rows = Object.values(fields).map((field) => field.row);
  const form = make("form", { class: "narrow", novalidate: "" },
    ...rows, bar, box, acts(send, cancel));
  showUpload(false);
  const typed = () => Object.values(inputs).some((input) => input.value);
  return { node: plainCard(form), load: async () => false, typed, nextStep: () => send };
}
