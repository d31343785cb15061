// The administrator's page: sign-in, two columns, and the poll that keeps them true.

import { makeCard } from "./cards.js";
import { learnPresets, makeForm } from "./form.js";
import { makeInbox, makeJobs, makeSendForm } from "./mail.js";
import {
  acts, byId, call, card, device, make, makeButton, makeField, messageBox, resume, setText, signIn,
} from "./page.js";
import { TEXT } from "./text.js";

const CALM_MS = 2000;
const AWAITED_MS = 1000;
const INBOX_EVERY = 5; // polls: inbox and status change seldom
const SETTINGS = Object.keys(TEXT.settings);
const POP_SETTINGS = SETTINGS.filter((setting) => !setting.startsWith("smtp"));

let signedIn = false;
let loaded = false;
let polls = 0;
let timer = 0;
let running = null;

const cards = SETTINGS.map((setting) => makeCard(setting, pollNow));
const alerts = makeForm("device", pollNow);
const sendForm = makeSendForm(pollNow);
const jobs = makeJobs(pollNow);
const inbox = makeInbox(POP_SETTINGS, () => {
  polls = 0;
  return pollNow();
});

/** Only the next step is a filled button; a dangerous one never is. */
function markNextStep() {
  const step = (sendForm.typed() && sendForm.send) ||
    cards.map((shown) => shown.nextStep()).find(Boolean) ||
    (alerts.dirty() ? alerts.save : sendForm.send);
  for (const button of columns.querySelectorAll("button, .button")) {
    button.classList.toggle("main", button === step && step.className !== "danger");
  }
}

async function loadForms() {
  learnPresets(await call("GET", "/api/providers"));
  const settings = await call("GET", "/api/settings");
  for (const { setting, form, details } of cards) {
    form.load(settings[setting]);
    details.open ||= setting === "smtp" && !settings.smtp.server;
  }
  alerts.load(settings.device);
  loaded = true;
}

async function loadSeldom() {
  await inbox.load();
  const status = await call("GET", "/api/status");
  for (const shown of cards) shown.note(status);
}

/** Returns whether something is awaited. */
async function loadAll() {
  if (!loaded) await loadForms();
  const tokens = (await call("GET", "/api/tokens")).items;
  for (const shown of cards) shown.update(tokens.find((t) => t.setting === shown.setting));
  markNextStep();
  const mails = await jobs.load();
  if (polls++ % INBOX_EVERY === 0) await loadSeldom();
  return [...tokens, ...mails].some(({ state }) => /AWAITING_AUTH|queued|sending/.test(state));
}

async function pollOnce() {
  // Of failures the banner or the sign-in form tells.
  const awaited = await loadAll().catch(() => false);
  running = null;
  clearTimeout(timer);
  if (signedIn && !document.hidden) timer = setTimeout(poll, awaited ? AWAITED_MS : CALM_MS);
}

const poll = () => (running ??= pollOnce());

/** Ask at once; the answer to an older question does not count. */
async function pollNow() {
  await running;
  await poll();
}

/** Hidden is not emptied: what was typed comes back after a new sign-in. */
function showDevice(visible) {
  signedIn = visible;
  columns.hidden = signOut.hidden = !visible;
  entry.hidden = visible;
}

function enter() {
  showDevice(true);
  loaded = false;
  polls = 0;
  return pollNow();
}

const password = makeField("password", TEXT.adminPassword,
  make("input", { type: "password", autocomplete: "current-password" }));
const note = messageBox();
const entry = make("form", { class: "card", hidden: "", novalidate: "" },
  make("h1", { text: TEXT.signInTitle }), note, password.row,
  acts(make("button", { class: "main", text: TEXT.signIn })));
entry.onsubmit = async (event) => {
  event.preventDefault();
  password.fault("");
  try {
    await signIn(password.input.value);
  } catch (error) {
    password.fault(error.message);
    password.input.select();
    return;
  }
  password.input.value = "";
  await enter();
  columns.querySelector("h1").focus();
};

const signOut = makeButton(TEXT.signOut, note, async () => {
  await call("POST", "/api/logout");
  location.reload(); // the next person finds nothing of what was typed
});

function column(title, nodes) {
  return make("section", {}, make("h1", { text: title, tabindex: -1 }), ...nodes);
}
const columns = make("div", { id: "columns" },
  column(TEXT.settingsTitle, [...cards.map((shown) => shown.node),
    card(TEXT.alerts, make("p", { class: "soft", text: TEXT.alertsText }), alerts.node)]),
  column(TEXT.mailTitle, [sendForm.node, jobs.node, inbox.node]));
columns.oninput = markNextStep;

device.answers = (yes) => setText(byId("banner"), yes ? "" : TEXT.offline);
device.ended = () => {
  if (signedIn) setText(note, TEXT.sessionEnded);
  byId("dialog").close();
  showDevice(false);
  password.input.focus();
};

async function start() {
  try {
    await resume();
    await enter();
  } catch (error) {
    if (!error.status) setTimeout(start, CALM_MS);
  }
}

showDevice(false);
entry.hidden = true;
document.querySelector("header").append(signOut);
document.querySelector("main").append(entry, columns);
document.onvisibilitychange = () => signedIn && !document.hidden && pollNow();
setInterval(() => cards.forEach((shown) => shown.tick()), 1000);
start();
