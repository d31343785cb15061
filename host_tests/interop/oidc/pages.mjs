// The pages that a person sees: plain HTML that loads nothing from anywhere.

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const STYLE = `
  body { font-family: sans-serif; margin: 2rem auto; max-width: 24rem; padding: 0 1rem; }
  label, input, button { display: block; width: 100%; box-sizing: border-box; margin: .5rem 0; }
  input, button { font: inherit; padding: .5rem; }
  code { font-size: 1.6rem; }
  [role=alert] { color: #a00000; }`;

export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

export function page(title, content) {
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${content}
</main></body>
</html>`;
}

function alert(message) {
  return message ? `<p role="alert">${escapeHtml(message)}</p>` : "";
}

// `form` comes from oidc-provider with its id, hidden fields and the field for the code.
export function userCodePage(form, message) {
  return page("Connect a device", `${alert(message)}
<p>Enter the code that the device shows.</p>
${form}
<button type="submit" form="op.deviceInputForm">Continue</button>`);
}

export function confirmPage(form, clientName, userCode) {
  return page("Is this your device?", `
<p>${escapeHtml(clientName)} must show this code: <code>${escapeHtml(userCode)}</code></p>
${form}
<button type="submit" form="op.deviceConfirmForm">Continue</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button>`);
}

// One page signs in and asks for consent; `signedInAs` is set when the browser has a session.
export function signInPage({ action, clientName, scope, signedInAs, message }) {
  const credentials = signedInAs
    ? `<p>Signed in as ${escapeHtml(signedInAs)}</p>`
    : `<label>Account <input name="username" autocomplete="username" autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>`;
  return page("Sign in", `${alert(message)}
<form method="post" action="${escapeHtml(action)}">
${credentials}
<p>${escapeHtml(clientName)} asks for: ${escapeHtml(scope)}</p>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>`);
}

export function successPage() {
  return page("Done", "<p>The device is connected. You can close this page.</p>");
}

export function errorPage(error, description) {
  return page("Error", `<p><code>${escapeHtml(error)}</code></p>${alert(description)}`);
}
