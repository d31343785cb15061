// The settings of the device itself.

import { call } from "./api.js";
import { makeForm } from "./form.js";
import { acts, card, make, makeButton, messageBox, plainCard, say } from "./page.js";
import { t } from "./words.js";

/** Language, names, clock, and who is told of what. */
export function makeDevice(poll) {
  const form = makeForm("device", poll);
  const box = messageBox();
  const mail = makeButton(t("device.mail_status"), box, async () => {
    await call("POST", "/api/status/mail");
    say(box, "ok", t("device.status_mailed"));
  });
  const node = make("div", {}, plainCard(form.node), card(t("form.status"), box, acts(mail)));

  async function load({ settings }) {
    if (settings) form.load(settings.device);
    return false;
  }
  return { node, load, typed: form.dirty, nextStep: () => form.dirty() && form.save };
}
