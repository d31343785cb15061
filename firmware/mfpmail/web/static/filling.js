// What a provider brings along for a form: servers, ports, security, the way to sign in.

export const PRESET_FIELDS = ["server", "port", "security", "grant"];

let presets = {};

/** Take what belongs to the providers: `{provider: {"smtp" | "pop3": {field: value}}}`. */
export function learnPresets(known) {
  presets = known;
}

/** Keeps what belongs to the provider with it; what somebody entered stays. */
export function makeFilling(isSmtp, fields) {
  const of = (known) => presets[known]?.[isSmtp ? "smtp" : "pop3"];
  const entered = new Set();
  let saved = {};
  let provider = "";
  let grantBefore = "";

  /** Begin with what is saved; returns what a form that nobody filled in proposes. */
  function begin(settings) {
    saved = settings;
    ({ provider } = saved);
    grantBefore = "";
    entered.clear();
    const isFresh = !saved.server && !saved.account && !saved.client_id;
    return isFresh && saved.auth_method === "oauth2" ? of(provider) : {};
  }

  function isFree(name, former) {
    const { value } = fields[name].input;
    if (!value || entered.has(name)) return !value;
    // No server is like another; a port may belong to the server that somebody entered. The
    // values of a new setting are Microsoft's.
    const others = name === "server" ? Object.keys(presets) : [former, "microsoft"];
    return others.some((known) => String(of(known)?.[name]) === value);
  }

  /** With Google only one grant leads to a mailbox; with the others the former choice is back. */
  function chooseGrant(former) {
    const { input } = fields.grant;
    if (provider === "google") {
      grantBefore ||= input.value;
      input.value = "authorization_code";
      return;
    }
    const unasked = former === "google" && !entered.has("grant");
    input.value = grantBefore || (unasked && of(provider)?.grant) || input.value;
    grantBefore = "";
  }

  /** Somebody has changed a field. */
  function follow(input) {
    entered.add(PRESET_FIELDS.find((name) => fields[name].input === input));
    if (fields.provider.input !== input) return;
    const former = provider;
    provider = input.value;
    for (const name of ["server", "port", "security"]) {
      if (isFree(name, former)) fields[name].input.value = (of(provider) ?? saved)[name];
    }
    chooseGrant(former);
  }
  return { begin, follow };
}
