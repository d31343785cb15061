// Test mail, list of jobs, inbox.

import {
  acts, ask, byId, call, card, formatBytes, formatTime, make, makeButton, makeCause, makeField,
  messageBox, say, setLine, setText, showFaults, soft, upload,
} from "./page.js";
import { TEXT } from "./text.js";

const PILLS = { sent: "ok", partly_sent: "bad", failed: "bad", queued: "" };

export function makeSendForm(onTaken) {
  const inputs = {
    to: make("input", { inputmode: "email", autocapitalize: "none", autocomplete: "off" }),
    subject: make("input", { autocomplete: "off" }),
    text: make("textarea", { rows: 3 }),
    file: make("input", { type: "file", multiple: "" }),
  };
  const fields = {};
  for (const name in inputs) {
    fields[name] = makeField(`mail-${name}`, TEXT.fields[name], inputs[name], TEXT.hints[name]);
  }
  const box = messageBox();
  const bar = make("progress", { "aria-label": TEXT.uploading });
  let stop = null;
  const cancel = makeButton(TEXT.cancel, messageBox(), () => stop.abort());
  const showUpload = (runs) => {
    bar.hidden = cancel.hidden = !runs;
  };
  const send = makeButton(TEXT.send, box, async () => {
    const content = new FormData();
    for (const name of ["to", "subject", "text"]) content.append(name, inputs[name].value);
    for (const file of inputs.file.files) content.append("file", file);
    for (const name in fields) fields[name].fault("");
    say(box, "wait", TEXT.uploading);
    stop = new AbortController();
    showUpload(true);
    try {
      await upload("/api/jobs", content, (part) => (bar.value = part), stop.signal);
    } catch (error) {
      if (stop.signal.aborted) return say(box, "wait", TEXT.uploadCancelled);
      return showFaults(error, fields, box);
    } finally {
      if (document.activeElement === cancel) send.focus();
      showUpload(false);
    }
    form.reset();
    say(box, "ok", TEXT.taken);
    return onTaken();
  }, "submit");
  const rows = Object.values(fields).map((field) => field.row);
  const form = make("form", { class: "grid", novalidate: "" },
    ...rows, bar, box, acts(send, cancel));
  showUpload(false);
  return { node: card(TEXT.mail, form), send, typed: () => inputs.to.value };
}

/** A card with a list; rows are updated in place. */
function makeList(title, empty, path, makeRow, ...rest) {
  const none = make("p", { class: "soft", text: empty });
  const list = make("ul");
  const node = card(title, none, list, ...rest);
  const rows = new Map();

  async function load() {
    const { items } = await call("GET", path);
    for (const [id, { row }] of rows) {
      if (items.some((item) => item.id === id)) continue;
      if (row.contains(document.activeElement)) node.firstChild.focus();
      row.remove();
      rows.delete(id);
    }
    for (const item of items) {
      if (!rows.has(item.id)) rows.set(item.id, makeRow());
      const { row, update } = rows.get(item.id);
      update(item);
      if (!row.parentNode) list.append(row);
    }
    none.hidden = items.length > 0;
    return items;
  }
  return { node, load };
}

const isDone = (job) => /sent|failed/.test(job.state);

function makeJobRow(poll) {
  const subject = make("strong");
  const pill = make("span");
  const people = make("p", { class: "soft lines" });
  const bar = make("progress", { "aria-label": TEXT.jobStates.sending });
  const detail = soft();
  const cause = makeCause("");
  const box = messageBox();
  let job = {};
  const remove = makeButton("", box, async () => {
    const text = TEXT.cancelJobText(subject.textContent);
    if (!isDone(job) && !(await ask(TEXT.cancelJobTitle, text, TEXT.back, true))) return;
    await call("DELETE", `/api/jobs/${job.id}`);
    await poll();
  });

  function update(next) {
    const before = job.state;
    job = next;
    const done = isDone(job);
    const total = job.bytes_total || 1;
    setText(subject, job.subject || TEXT.noSubject);
    setText(pill, TEXT.jobStates[job.state]);
    pill.className = `pill ${PILLS[job.state] ?? "wait"}`;
    setText(people, job.recipients.map(({ address, state, reply }) =>
      [address, TEXT.jobStates[state] || state, reply].filter(Boolean).join(" · ")).join("\n"));
    bar.hidden = done;
    bar.value = job.bytes_done / total;
    setLine(detail, TEXT.amount(formatBytes(job.bytes_done), formatBytes(total)),
      !done && job.next_attempt_at && TEXT.nextAttempt(formatTime(job.next_attempt_at)),
      job.via === "smtp2" && TEXT.viaAlternative);
    cause.update(job);
    setText(remove, done ? TEXT.remove : TEXT.cancelJob);
    remove.className = done ? "" : "danger";
    if (before && before !== job.state) {
      byId("live").textContent = `${subject.textContent}: ${pill.textContent}`;
    }
  }
  const head = make("p", { class: "token" }, subject, pill);
  const row = make("li", {}, head, people, bar, detail, ...cause.lines, box, acts(remove));
  return { row, update };
}

export function makeJobs(poll) {
  return makeList(TEXT.jobs, TEXT.noJobs, "/api/jobs", () => makeJobRow(poll));
}

function makeInboxRow(onChanged) {
  const link = make("a");
  const origin = soft();
  const detail = soft();
  const box = messageBox();
  let id = "";
  const remove = makeButton(TEXT.remove, box, async () => {
    const text = TEXT.removeItemText(link.textContent);
    if (!(await ask(TEXT.removeItemTitle, text, TEXT.cancel, true))) return;
    await call("DELETE", `/api/inbox/${id}`);
    await onChanged();
  });
  remove.className = "danger";

  function update(item) {
    id = item.id;
    setText(link, item.name || item.subject || TEXT.noSubject);
    link.href = `/api/inbox/${id}`;
    link.download = item.name;
    setLine(origin, TEXT.settings[item.setting].name, item.from, item.subject, item.date);
    setLine(detail, item.type, formatBytes(item.size), item.pages && TEXT.pages(item.pages));
  }
  return { row: make("li", {}, link, origin, detail, box, acts(remove)), update };
}

export function makeInbox(settings, onChanged) {
  const box = messageBox();
  const checks = settings.map((setting) => {
    const { name } = TEXT.settings[setting];
    return makeButton(TEXT.checkNow(name), box, async () => {
      say(box, "wait", TEXT.checking(name));
      const answer = await call("POST", `/api/receive/${setting}`);
      say(box, "ok", TEXT.checked(name, answer.received));
      await onChanged();
    });
  });
  return makeList(TEXT.inbox, TEXT.noInbox, "/api/inbox", () => makeInboxRow(onChanged),
    acts(...checks), box);
}
