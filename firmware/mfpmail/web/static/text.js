// Every word that the page shows.

const POP_SCOPE = "For this POP setting only";
const isApplication = (grant) => grant === "client_credentials";

export const TEXT = {
  language: "en", // of the device's answers
  locale: "en-GB",
  signInTitle: "Administrator sign-in",
  signIn: "Sign in",
  signOut: "Sign out",
  adminPassword: "Administrator password",
  sessionEnded: "The session has ended. Sign in again: what you typed is still there.",
  offline: "The device does not answer. Trying again…",
  settingsTitle: "Tokens and settings",
  mailTitle: "Mail",
  ok: "OK",
  cancel: "Cancel",
  back: "Back",

  settings: {
    smtp: {
      name: "SMTP",
      scope: "One token, common to the four SMTP screens",
      path: "System Settings › Network Settings › Service Settings › SMTP",
      stops: "Until a new token is acquired, no scan, alert or status mail will be sent. " +
        "This holds for all four SMTP screens.",
    },
    smtp2: {
      name: "Alternative account (SMTP)",
      scope: "Used when the first account fails",
      stops: "Until a new token is acquired, nothing stands in when the first account fails.",
    },
    ifax: {
      name: "Internet Fax",
      scope: POP_SCOPE,
      path: "System Settings › Image Send Settings › Internet Fax Settings › Server Settings",
      stops: "Until a new token is acquired, no Internet fax will be received.",
    },
    eprint: {
      name: "E-mail Print",
      scope: POP_SCOPE,
      path: "System Settings › Printer Settings › E-mail Print Settings",
      stops: "Until a new token is acquired, no mail will be received for printing.",
    },
    estatus: {
      name: "E-mail Status",
      scope: POP_SCOPE,
      path: "System Control › E-mail Alert and Status › E-mail Status (Advanced)",
      stops: "Until a new token is acquired, no status request will be received by mail.",
    },
  },

  token: "Token",
  states: {
    NOT_ACQUIRED: "Not Acquired",
    AWAITING_AUTH: "Awaiting Authentication",
    ACQUIRED: "Acquired",
    INVALID: "Invalid",
  },
  since: (time) => `since ${time}`,
  technical: (text) => `In detail: ${text}`,
  times: {
    renewed_at: (time) => `renewed ${time}`,
    used_at: (time) => `last used ${time}`,
    succeeded_at: (time) => `accepted by the mail server ${time}`,
  },
  ends: (day, bySecret) =>
    (bySecret ? `ends on ${day} with the client secret` : `would end on ${day} without renewal`),
  endsSoon: (day, days, bySecret) =>
    `${bySecret ? "The client secret" : "This token"} ends on ${day}: ` +
    `within ${days === 1 ? "one day" : `${days} days`}.`,
  endsSoonHint: (bySecret) => (bySecret
    ? "Enter a new client secret and its last day in the settings; the token can stay."
    : "Delete the token before that day and sign in again."),
  ownerDiffers: (owner, account) => "The provider says that this token belongs to " +
    `${owner}, not to ${account}. If that is not meant (as it is for a shared mailbox), delete ` +
    `it and sign in as ${account}.`,
  failover: (time) => `Mail goes through the alternative account${time && ` since ${time}`}.`,
  inUse: (time) => `In use${time && ` since ${time}`}.`,
  noTokenNeeded: "No token is needed: OAuth 2.0 is not chosen in the settings.",
  getToken: "Get Token",
  getTitle: (name) => `Get a token for ${name}?`,
  getText: {
    device_code: (account, provider) => "You will see a code. Enter it on the sign-in page of " +
      `${provider} and sign in as ${account}.`,
    authorization_code: (account, provider) => `You will sign in at ${provider} as ${account} ` +
      "in this browser and bring an address from there back to this page.",
    client_credentials: (account, provider) => "Nobody needs to sign in: the device asks " +
      `${provider} with its client secret for access to ${account}.`,
  },
  deleteToken: "Delete",
  deleteTitle: (name) => `Delete the token of ${name}?`,
  revoke: "Also end it at the provider",
  revokeAll: (account) => "Also end it at the provider. At Google this ends ALL grants of this " +
    `application for ${account}, those of other settings too.`,
  revoked: "The provider has ended the token, too.",
  notRevoked: "The token is deleted here, but the provider was not made to end it.",
  cancelTitle: (name) => `Cancel the sign-in for ${name}?`,
  cancelText: "The sign-in under way will be dropped.",
  openAddress: "Open this address on any computer or phone and enter the code:",
  openPage: "Open sign-in page",
  code: "Code",
  copy: "Copy code",
  copied: "Copied.",
  notCopied: "The code is selected: copy it with the keyboard.",
  redirectSignIn: (account) => `Open the sign-in page and sign in as ${account}.`,
  redirectEnd: "The browser then stops at a page that is empty or shows an error, often at " +
    "127.0.0.1. That is expected. Copy the address of that page from the address bar.",
  redirectField: "Paste the address here",
  redirectHint: "or only the code from it",
  finish: "Finish",
  timeLeft: (minutes, seconds) => (minutes ? `${minutes} min ` : "") + `${seconds} s left`,
  timeLeftLabel: "Time left",

  test: "Test connection",
  testing: "Testing the connection…",
  testOk: "The connection works.",
  testFailed: "The connection test failed.",

  alerts: "Warnings",
  alertsText: "By mail 14, 7 and 1 days before a token ends, and when one has become Invalid.",

  form: "Settings",
  endpoints: "Endpoints",
  save: "Save",
  saved: "Saved.",
  faults: "Correct the marked fields first.",
  secretStored: "stored; leave empty to keep it",
  removeSecret: "Remove stored secret",
  choices: {
    security: { tls: "SSL/TLS", starttls: "STARTTLS", off: "Off" },
    auth_method: { none: "None", password: "Password", oauth2: "OAuth 2.0" },
    provider: {
      microsoft: "Microsoft 365",
      outlook: "Outlook.com",
      google: "Google",
      custom: "Custom",
    },
    grant: {
      device_code: "Code on another device",
      authorization_code: "Sign-in in this browser (redirect)",
      client_credentials: "As an application (secret)",
    },
  },
  fields: {
    server: "Primary Server",
    secondary_server: "Secondary Server",
    port: "Port Number",
    timeout_s: "Timeout",
    security: "Enable SSL/TLS",
    check_interval_min: "Check Interval",
    sender_name: "Sender Name",
    sender_address: "Sender Address",
    auth_method: "Authentication Method",
    username: "User name",
    password: "Password",
    provider: "Provider",
    grant: "Way to sign in",
    account: "Account name",
    tenant: "Tenant",
    client_id: "Client ID",
    client_secret: "Client secret",
    client_secret_ends_on: "Secret ends on",
    scope: "Scope",
    device_authorization_endpoint: "Device authorization endpoint",
    authorization_endpoint: "Authorization endpoint",
    token_endpoint: "Token endpoint",
    revocation_endpoint: "Revocation endpoint",
    userinfo_endpoint: "Userinfo endpoint",
    issuer: "Issuer",
    alert_to: "Send warnings to",
    to: "To",
    subject: "Subject",
    text: "Text",
    file: "File",
  },
  popServer: "POP3 Server",
  hints: {
    secondary_server: "optional",
    timeout_s: "seconds",
    check_interval_min: "minutes, 0 = off",
    sender_name: "optional",
    grant: (grant, provider) => {
      if (provider === "google") {
        return "Google gives access to mail only with the sign-in in this browser, " +
          "not with the code.";
      }
      return isApplication(grant) ? "Nobody signs in; the provider must allow it." : "";
    },
    tenant: (grant) => (isApplication(grant) ? "id or domain" : "id or domain; optional"),
    client_secret: (grant, provider) => {
      if (provider === "google") return "Google gives it with the client ID.";
      return isApplication(grant) ? "" : "optional";
    },
    client_secret_ends_on: "YYYY-MM-DD; the device warns before",
    issuer: "The endpoints are found from it; or enter them by hand.",
    revocation_endpoint: "optional",
    userinfo_endpoint: "optional",
    alert_to: "several addresses: separate by commas; empty = no mails",
    scope: "empty = as the provider needs",
    to: "several addresses: separate by commas",
    file: "optional",
  },

  mail: "Send a test mail",
  send: "Send",
  uploading: "Handing over to the device…",
  uploadCancelled: "Cancelled. The mail was not handed over.",
  taken: "The device has taken the mail. See the list of jobs.",
  jobs: "Jobs",
  noJobs: "No jobs.",
  noSubject: "(no subject)",
  jobStates: {
    queued: "Queued",
    sending: "Sending",
    sent: "Sent",
    partly_sent: "Partly sent",
    held: "Held",
    retrying: "Retrying",
    failed: "Failed",
  },
  amount: (done, total) => `${done} of ${total}`,
  viaAlternative: "through the alternative account",
  nextAttempt: (time) => `next attempt: ${time}`,
  cancelJob: "Cancel job",
  remove: "Remove",
  cancelJobTitle: "Cancel this job?",
  cancelJobText: (subject) => `“${subject}” will not be sent to those who still wait for it.`,
  inbox: "Inbox",
  noInbox: "Nothing has been received.",
  checkNow: (name) => `Check now: ${name}`,
  checking: (name) => `Checking ${name}…`,
  checked: (name, count) => `${name}: ${count} received.`,
  removeItemTitle: "Remove this from the inbox?",
  removeItemText: (name) => `“${name}” will be deleted from the device for good.`,
  pages: (count) => `pages: ${count}`,

  // By error code; for other codes the device's own message is shown.
  errors: {
    wrong_password: "Wrong password.",
    not_signed_in: "The session had ended. Please try again.",
    offline: "The device did not answer. Please try again.",
  },
};
