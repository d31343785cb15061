// The JSON API and the elements of the page. Data becomes text and attributes, never markup.

import { TEXT } from "./text.js";

export class ApiError extends Error {
  constructor(status, { error, message, hint, detail, fields }) {
    const own = TEXT.errors[error];
    super(own || message || `${status} ${error || ""}`);
    Object.assign(this, { status, fields: fields || {} });
    if (!own) Object.assign(this, { hint, detail });
  }
}

/** Set by app.js: `ended()` when the session is, `answers(yes)` after every call. */
export const device = {};

let csrf = "";

// The device answers in the language of the page, whatever the browser prefers.
const LANGUAGE = { "Accept-Language": TEXT.language };

function unreachable() {
  device.answers(false);
  return new ApiError(0, { error: "offline" });
}

function judge(status, text) {
  device.answers(true);
  const answer = JSON.parse(text);
  if (status < 400) return answer;
  if (status === 401 && answer.error !== "wrong_password") device.ended();
  throw new ApiError(status, answer);
}

/** Raises ApiError, with status 0 when the device does not answer. */
export async function call(method, path, content) {
  // A change may make the device wait for several servers in turn.
  const timeoutMs = method === "GET" ? 10000 : 180000;
  const exchange = async () => {
    const headers = { ...LANGUAGE, "Content-Type": "application/json", "X-CSRF-Token": csrf };
    const body = content && JSON.stringify(content);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await fetch(path, { method, headers, body, signal });
      return [answer.status, await answer.text()];
    } catch {
      throw unreachable();
    }
  };
  let answer = await exchange();
  if (answer[0] === 403) {
    await resume(); // a sign-in in another tab has replaced it
    answer = await exchange();
  }
  return judge(...answer);
}

export async function signIn(password) {
  ({ csrf } = await call("POST", "/api/login", { password }));
}

/** Take up the session of the cookie. */
export async function resume() {
  ({ csrf } = await call("GET", "/api/login"));
}

/** Send a form with files; `onProgress` gets the part that has gone, 0 to 1; `signal` aborts. */
export async function upload(path, form, onProgress, signal) {
  await resume(); // before the first byte: has the session ended?
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  request.open("POST", path);
  request.setRequestHeader("X-CSRF-Token", csrf);
  for (const name in LANGUAGE) request.setRequestHeader(name, LANGUAGE[name]);
  request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
  await new Promise((resolve, reject) => {
    request.onload = resolve;
    request.onerror = () => reject(unreachable());
    signal.onabort = () => {
      request.abort();
      reject(signal.reason);
    };
    request.send(form);
  });
  return judge(request.status, request.responseText);
}

export const byId = (id) => document.getElementById(id);

/** Make an element; all but `text` are attributes. */
export function make(tag, { text = "", ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  node.append(...children);
  return node;
}

/** A text that stays the same keeps its selection. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Join the parts that there are; without any, hide the line. */
export function setLine(node, ...parts) {
  setText(node, parts.filter(Boolean).join(" · "));
  node.hidden = !node.textContent;
}

export const soft = () => make("p", { class: "soft" });
export const acts = (...buttons) => make("div", { class: "acts" }, ...buttons);

export function card(title, ...children) {
  const head = make("h2", { text: title, tabindex: -1 });
  return make("section", { class: "card", "aria-label": title }, head, ...children);
}

/** What the server answered, unless that is what the message says already. */
export function technical({ step, result, reason, message, detail }) {
  const parts = [step, result, reason, detail !== message && detail].filter(Boolean);
  return parts.length ? TEXT.technical(parts.join(" · ")) : "";
}

/** Why something is as it is: what that means, what to do, what the server answered. */
export function makeCause(kind) {
  const lines = [make("p", { class: kind }), make("p"), soft()];
  const update = (shown) =>
    [shown.message, shown.hint, technical(shown)].forEach((text, i) => setLine(lines[i], text));
  return { lines, update };
}

export const messageBox = () => make("div", { class: "message", role: "status" });

/** Show lines of `kind` ok, wait or bad; without lines, nothing. */
export function say(box, kind, ...lines) {
  box.className = `message ${kind}`;
  box.replaceChildren(...lines.filter(Boolean).map((text) => make("p", { text })));
}

/** Show what went wrong after the lines that lead to it. */
export function complain(box, error, ...lead) {
  say(box, "bad", ...lead, error.message, error.hint);
  const detail = technical(error);
  if (detail) box.append(make("p", { class: "soft", text: detail }));
}

/** Runs `action` once at a time; what goes wrong stands in `box`. */
export function makeButton(text, box, action, type = "button") {
  const button = make("button", { type, text });
  button.onclick = async (event) => {
    event.preventDefault();
    if (button.ariaBusy) return;
    button.ariaBusy = "true";
    say(box, "");
    try {
      await action();
    } catch (error) {
      complain(box, error);
    }
    button.ariaBusy = null;
  };
  return button;
}

export function makeField(id, label, input, hint) {
  const note = make("span", { class: "soft", id: `${id}-hint`, text: hint });
  const error = make("span", { class: "fault", id: `${id}-fault` });
  input.id = id;
  input.setAttribute("aria-describedby", `${note.id} ${error.id}`);
  const name = make("label", { for: id, text: label });
  const fault = (text) => {
    error.textContent = text;
    input.ariaInvalid = text ? "true" : null;
  };
  return { row: make("div", { class: "field" }, name, note, input, error), input, note, fault };
}

/** Mark all bad fields; those that are hidden stand in `box`. */
export function showFaults(error, fields, box) {
  const names = Object.keys(error.fields);
  if (!names.length) throw error;
  const hidden = names.filter((name) => !fields[name] || fields[name].row.hidden);
  const others = hidden.map((name) => `${TEXT.fields[name] || name}: ${error.fields[name]}`);
  say(box, "bad", TEXT.faults, ...others);
  for (const name in fields) fields[name].fault(error.fields[name] || "");
  const marked = Object.keys(fields).filter((name) => error.fields[name] && !hidden.includes(name));
  for (const name of marked) fields[name].row.closest("details")?.setAttribute("open", "");
  fields[marked[0]]?.input.focus();
}

/**
 * Resolves to false, or when OK was pressed to `{ more }`: was the box with `option` beside it
 * checked? The focus of a dangerous question is not on OK.
 */
export function ask(question, text, back, dangerous, option = "") {
  const dialog = byId("dialog");
  setText(byId("question"), question);
  setText(byId("answer-to"), text);
  setText(byId("ok"), TEXT.ok);
  setText(byId("cancel"), back);
  const more = byId("more");
  more.checked = false;
  more.onkeydown = ({ key }) => key !== "Enter"; // Enter would press [OK]
  setText(byId("option"), option);
  more.parentNode.hidden = !option;
  byId("ok").className = dangerous ? "danger" : "main";
  dialog.returnValue = "";
  dialog.showModal();
  byId(dangerous ? "cancel" : "ok").focus();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "ok" && { more: more.checked });
  });
}

export function formatTime(epochS) {
  const options = { dateStyle: "medium", timeStyle: "short" };
  return new Date(epochS * 1000).toLocaleString(TEXT.locale, options);
}

/** The day before an end, as the device names it in its mails. */
export function formatDay(endsAtS) {
  const options = { dateStyle: "medium", timeZone: "UTC" };
  return new Date((endsAtS - 1) * 1000).toLocaleDateString(TEXT.locale, options);
}

export function formatBytes(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
