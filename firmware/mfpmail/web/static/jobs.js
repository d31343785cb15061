// The mails on their way, each with its progress.

import { call } from "./api.js";
import { makeList } from "./list.js";
import {
  acts, ask, byId, make, makeButton, makeCause, messageBox, plainCard, setLine, setText, soft,
} from "./page.js";
import { formatBytes, formatTime, t } from "./words.js";

const PILLS = { sent: "ok", partly_sent: "bad", failed: "bad", queued: "" };

/** Does something go on by itself, which is worth a closer look? */
export const isMoving = (jobs) => jobs.some(({ state }) => /queued|sending/.test(state));

export const isDone = (job) => /sent|failed/.test(job.state);

function makeJobRow(poll) {
  const subject = make("strong");
  const pill = make("span");
  const people = make("p", { class: "soft lines" });
  const bar = make("progress", { "aria-label": t("job.state.sending") });
  const detail = soft();
  const cause = makeCause("");
  const box = messageBox();
  let job = {};
  const remove = makeButton("", box, async () => {
    const text = t("job.cancel_text", { subject: subject.textContent });
    if (!isDone(job) && !(await ask(t("job.cancel_title"), text, t("action.back"), true))) return;
    await call("DELETE", `/api/jobs/${job.id}`);
    await poll();
  });

  function update(next) {
    const before = job.state;
    job = next;
    const done = isDone(job);
    const total = job.bytes_total || 1;
    setText(subject, job.subject || t("job.no_subject"));
    setText(pill, t(`job.state.${job.state}`));
    pill.className = `pill ${PILLS[job.state] ?? "wait"}`;
    setText(people, job.recipients.map(({ address, state, reply }) =>
      [address, t(`job.state.${state}`), reply].filter(Boolean).join(" · ")).join("\n"));
    bar.hidden = done;
    bar.value = job.bytes_done / total;
    const nextAt = !done && job.next_attempt_at;
    const amount = { done: formatBytes(job.bytes_done), total: formatBytes(total) };
    setLine(detail, t("job.amount", amount),
      nextAt && t("job.next_attempt", { time: formatTime(nextAt) }),
      job.via === "smtp2" && t("job.via_alternative"));
    cause.update(job);
    setText(remove, done ? t("job.remove") : t("job.cancel"));
    remove.className = done ? "" : "danger";
    if (before && before !== job.state) {
      byId("live").textContent = `${subject.textContent}: ${pill.textContent}`;
    }
  }
  const head = make("p", { class: "token" }, subject, pill);
  const row = make("li", {}, head, people, bar, detail, ...cause.lines, box, acts(remove));
  return { row, update };
}

/** The jobs that `isShown`; `empty` is what is said when there are none. */
export function makeJobList(empty, poll, isShown) {
  return makeList(empty, "/api/jobs", () => makeJobRow(poll), isShown);
}

export function makeJobs(poll) {
  const list = makeJobList(t("job.none"), poll);
  const load = async () => isMoving(await list.load());
  return { node: plainCard(...list.nodes), load };
}
