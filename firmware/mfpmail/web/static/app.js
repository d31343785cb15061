// The administrator's page: sign-in, the menu, the screen that is shown, and the poll that keeps
// it true.

import { call, device, resume, signIn } from "./api.js";
import { currentId, makeMenu, SCREENS, showPlace } from "./menu.js";
import { acts, ask, byId, make, makeButton, makeField, messageBox, setText } from "./page.js";
import { language, LANGUAGES, speak, t } from "./words.js";

const CALM_MS = 2000;
const AWAITED_MS = 1000;
const SELDOM_EVERY = 5; // polls: what changes slowly costs the device more
// Each is fetched when it is first looked at; four settings screens are one.
const MAKERS = {
  home: async () => (await import("./home.js")).makeHome(pollNow),
  jobs: async () => (await import("./jobs.js")).makeJobs(pollNow),
  inbox: async () => (await import("./inbox.js")).makeInbox(pollAll),
  send: async () => (await import("./send.js")).makeSend(),
  device: async () => (await import("./device.js")).makeDevice(pollNow),
  log: async () => (await import("./log.js")).makeLog(),
};
const makeSettingScreen = async (setting) =>
  (await import("./setting.js")).makeSetting(setting, pollNow);

// By setting, or by id where there is none: made once, so that what is typed stays.
const screens = {};
const made = []; // those that are there
let shown = null;
let ready = null; // when the screen is there
let signedIn = false;
let asked = null; // the screen for which everything has been asked once
let polls = 0;
let timer = 0;
let running = null;

/** Only the next step is a filled button; a dangerous one never is. */
function markNextStep() {
  const step = shown.nextStep?.();
  for (const button of byId("main").querySelectorAll("button, .button")) {
    button.classList.toggle("main", button === step && !button.classList.contains("danger"));
  }
}

/** Returns whether something is awaited. */
async function load() {
  await ready;
  const screen = shown;
  const fresh = asked !== screen;
  const settings = fresh ? await call("GET", "/api/settings") : null;
  if (settings) setText(byId("name"), settings.device.device_name);
  const seldom = fresh || polls % SELDOM_EVERY === 0;
  polls += 1;
  const awaited = await screen.load({ settings, fresh, seldom });
  asked = screen;
  screen.node.hidden = false;
  markNextStep();
  return awaited;
}

async function pollOnce() {
  // Of failures the banner or the sign-in form tells.
  const awaited = await load().catch(() => false);
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

/** Ask for everything that the screen shows. */
async function pollAll() {
  await running;
  asked = null;
  await poll();
}

/** Make a screen; while the device does not answer, try again. */
async function makeScreen(id, setting) {
  for (;;) {
    try {
      return await (setting ? makeSettingScreen(setting) : MAKERS[id]());
    } catch (error) {
      if (!/import/i.test(error.message)) throw error;
      device.answers(false);
    }
    await new Promise((resolve) => setTimeout(resolve, CALM_MS));
  }
}

async function showScreen() {
  const id = currentId();
  const { setting } = SCREENS[id];
  const name = setting ?? id;
  showPlace(id);
  byId("screen").replaceChildren(); // the former one does not belong below this title
  screens[name] ??= makeScreen(id, setting).then((screen) => {
    screen.node.hidden = true; // until it is filled in
    made.push(screen);
    return screen;
  });
  const screen = await screens[name];
  if (currentId() !== id) return;
  shown = screen;
  byId("screen").replaceChildren(shown.node);
}

window.onhashchange = () => {
  menu.fold();
  ready = showScreen();
  if (!signedIn) return;
  scrollTo(0, 0);
  byId("title").focus();
  pollAll();
};

/** Hidden is not emptied: what was typed comes back after a new sign-in. */
function showDevice(visible) {
  signedIn = visible;
  shell.hidden = signOut.hidden = !visible;
  entry.hidden = visible;
}

function enter() {
  showDevice(true);
  return pollAll();
}

const password = makeField("password", t("sign_in.password"),
  make("input", { type: "password", autocomplete: "current-password" }));
const note = messageBox();
const entry = make("form", { class: "card entry", hidden: "", novalidate: "" },
  make("h1", { text: t("sign_in.title") }), note, password.row,
  acts(make("button", { class: "main", text: t("sign_in.start") })));
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
  const filled = enter();
  byId("title").focus();
  await filled;
};

const signOut = makeButton(t("sign_in.end"), note, async () => {
  await call("POST", "/api/logout");
  location.reload(); // the next person finds nothing of what was typed
});

const tongue = make("select", { "aria-label": t("menu.language") },
  ...Object.entries(LANGUAGES).map(([value, text]) =>
    make("option", { value, text, lang: value })));
tongue.value = language;
tongue.onchange = async () => {
  const isTyped = made.some((screen) => screen.typed?.());
  const question = [t("menu.leave_title"), t("menu.leave_text"), t("action.back"), true];
  if (!isTyped || await ask(...question)) speak(tongue.value);
  else tongue.value = language;
};

const menu = makeMenu();
const skip = make("button", { class: "skip", type: "button", text: t("menu.skip") });
skip.onclick = () => byId("title").focus();
const shell = make("div", { class: "shell" }, skip, menu.node, make("main", { id: "main" },
  make("p", { id: "path", class: "soft" }), make("h1", { id: "title", tabindex: -1 }),
  make("div", { id: "screen" })));
shell.oninput = () => shown && markNextStep();

device.answers = (yes) => setText(byId("banner"), yes ? "" : t("error.no_answer"));
device.ended = () => {
  if (signedIn) setText(note, t("sign_in.ended"));
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
byId("controls").append(tongue, signOut);
document.body.append(entry, shell);
ready = showScreen();
document.onvisibilitychange = () => signedIn && !document.hidden && pollNow();
setInterval(() => shown?.tick?.(), 1000);
start();
