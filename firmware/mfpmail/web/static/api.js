// The JSON API of the device.

import { acceptLanguage, has, t } from "./words.js";

const READ_MS = 10000;
const CHANGE_MS = 180000; // a change may make the device wait for several servers in turn

export class ApiError extends Error {
  constructor(status, { error, message, hint, detail, fields }) {
    const own = has(`error.${error}`) && t(`error.${error}`);
    super(own || message || `${status} ${error || ""}`);
    Object.assign(this, { status, fields: fields || {} });
    if (!own) Object.assign(this, { hint, detail });
  }
}

/** Set by app.js: `ended()` when the session is, `answers(yes)` after every call. */
export const device = {};

let csrf = "";

// The device answers in the language of the page, whatever the browser prefers.
const LANGUAGE = { "Accept-Language": acceptLanguage };

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

async function ask(path, options, read) {
  const signal = AbortSignal.timeout(options.method === "GET" ? READ_MS : CHANGE_MS);
  try {
    const answer = await fetch(path, { ...options, signal });
    return [answer.status, await read(answer)];
  } catch {
    throw unreachable();
  }
}

/** Raises ApiError, with status 0 when the device does not answer. */
export async function call(method, path, content) {
  const exchange = () => {
    const headers = { ...LANGUAGE, "Content-Type": "application/json", "X-CSRF-Token": csrf };
    const body = content && JSON.stringify(content);
    return ask(path, { method, headers, body }, (answer) => answer.text());
  };
  let answer = await exchange();
  if (answer[0] === 403) {
    await resume(); // a sign-in in another tab has replaced it
    answer = await exchange();
  }
  return judge(...answer);
}

/** Return the first `limitBytes` of a file of the device as a Blob. Raises ApiError. */
export async function fetchFile(path, limitBytes) {
  const read = async (answer) => {
    if (!answer.ok) return answer.text();
    const reader = answer.body.getReader();
    const parts = [];
    for (let size = 0; size < limitBytes;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
    reader.cancel();
    return new Blob(parts).slice(0, limitBytes);
  };
  const [status, found] = await ask(path, { method: "GET", headers: LANGUAGE }, read);
  return status < 400 ? found : judge(status, found);
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
