// The elements of the page. Data becomes text and attributes, never markup.

import { has, t } from "./words.js";

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

/** A card that has the screen to itself needs no title. */
export const plainCard = (...children) => make("section", { class: "card" }, ...children);

const STATE_PILLS = { AWAITING_AUTH: "wait", ACQUIRED: "ok", INVALID: "bad" };

/** Show how a token stands in the manual's words. */
export function showState(pill, state) {
  pill.className = `pill ${STATE_PILLS[state] ?? ""}`;
  setText(pill, t(`state.${state}`));
}

/** What the server answered, unless that is what the message says already. */
export function technical({ step, result, reason, message, detail }) {
  const parts = [step, result, reason, detail !== message && detail].filter(Boolean);
  return parts.length ? t("cause.technical", { text: parts.join(" · ") }) : "";
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

const labelOf = (name) => (has(`field.${name}`) ? t(`field.${name}`) : name);

/** Mark all bad fields; those that are hidden stand in `box`. */
export function showFaults(error, fields, box) {
  const names = Object.keys(error.fields);
  if (!names.length) throw error;
  const hidden = names.filter((name) => !fields[name] || fields[name].row.hidden);
  const others = hidden.map((name) => `${labelOf(name)}: ${error.fields[name]}`);
  say(box, "bad", t("form.faults"), ...others);
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
  setText(byId("ok"), t("action.ok"));
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
