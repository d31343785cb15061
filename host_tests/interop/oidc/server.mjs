// Authorization server of the rig: oidc-provider with a device client, accounts and opaque tokens.
//
// Started as `node server.mjs CONFIG.json`; the keys of CONFIG are written by oidc.py. Everything
// is kept in memory. HTTPS is for clients; plain HTTP on loopback is for Dovecot's introspection.

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { confirmPage, errorPage, signInPage, successPage, userCodePage } from "./pages.mjs";

// oidc-provider needs both; Debian 12 has Node.js 18, which lacks them.
globalThis.crypto ??= webcrypto;
URL.parse ??= (text) => (URL.canParse(text) ? new URL(text) : null);

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const modules = createRequire(join(config.node_dir, "package.json"));
const library = await import(pathToFileURL(modules.resolve("oidc-provider")));

const DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const SIGN_IN_PATH = "/sign-in/";
const MAX_FORM_BYTES = 10_000;
const DAY_S = 24 * 60 * 60;

const clients = [
  {
    client_id: config.client_id,
    client_name: "Multifunction printer",
    application_type: "native",
    token_endpoint_auth_method: "none",
    grant_types: [DEVICE_CODE_GRANT, "refresh_token"],
    response_types: [],
    redirect_uris: [],
  },
  {
    client_id: config.introspection_client_id,
    client_secret: config.introspection_client_secret,
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: [],
    response_types: [],
    redirect_uris: [],
  },
];

const deviceFlow = {
  enabled: true,
  userCodeInputSource: (ctx, form, out, error) => {
    ctx.body = userCodePage(form, error && inputErrorText(error));
  },
  userCodeConfirmSource: (ctx, form, client, deviceInfo, userCode) => {
    ctx.body = confirmPage(form, client.clientName, userCode);
  },
  successSource: (ctx) => {
    ctx.body = successPage();
  },
};

function inputErrorText(error) {
  return error.name === "AbortedError" ? "The request was denied." : error.message;
}

const provider = new library.Provider(config.issuer, {
  clients,
  cookies: { keys: [config.cookie_key] },
  findAccount: (ctx, accountId) =>
    accountId in config.accounts && { accountId, claims: () => ({ sub: accountId }) },
  // Without `scopes` here the mail scopes belong to the resource alone, and tokens carry them.
  scopes: ["offline_access"],
  rotateRefreshToken: true,
  // Every approval is a grant of its own: ending one must not end the other tokens of a person.
  loadExistingGrant: (ctx) => {
    const grantId = ctx.oidc.result?.consent?.grantId;
    return grantId && ctx.oidc.provider.Grant.find(grantId);
  },
  interactions: { url: (ctx, interaction) => SIGN_IN_PATH + interaction.uid },
  renderError: (ctx, out) => {
    ctx.type = "html";
    ctx.body = errorPage(out.error, out.error_description);
  },
  ttl: {
    AccessToken: config.access_token_expires_in_s,
    DeviceCode: 600,
    Grant: 14 * DAY_S,
    Interaction: 600,
    RefreshToken: 14 * DAY_S,
    Session: DAY_S,
  },
  features: {
    devInteractions: { enabled: false },
    deviceFlow,
    // A refresh token is no key to a maildrop, so only access tokens are told about.
    introspection: {
      enabled: true,
      allowedPolicy: (ctx, client, token) =>
        client.clientId === config.introspection_client_id && token.kind === "AccessToken",
    },
    revocation: {
      enabled: true,
      allowedPolicy: (ctx, client, token) => client.clientId === token.clientId,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => config.resource,
      getResourceServerInfo: () => ({ scope: config.mail_scopes, accessTokenFormat: "opaque" }),
      useGrantedResource: () => true,
    },
  },
});

// For the tests that read the log: which grants succeed, and whether one was ended as its refresh
// token came a second time.
provider.on("grant.success", (ctx) => console.log(`granted ${ctx.oidc.params.grant_type}`));
provider.on("grant.revoked", () => console.log("grant revoked"));

async function grantAll(accountId, params) {
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope("offline_access");
  grant.addResourceScope(config.resource, params.scope);
  return grant.save();
}

async function readForm(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_FORM_BYTES) throw new Error("the form is too large");
  }
  return new URLSearchParams(text);
}

function signedInAs(interaction) {
  return interaction.prompt.name === "consent" ? interaction.session.accountId : undefined;
}

function isPasswordOf(username, password) {
  return Object.hasOwn(config.accounts, username) && config.accounts[username] === password;
}

function sendPage(response, status, html) {
  response.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(html);
}

function showSignIn(request, response, interaction, message) {
  const html = signInPage({
    action: request.url,
    clientName: clients[0].client_name,
    scope: interaction.params.scope,
    signedInAs: signedInAs(interaction),
    message,
  });
  sendPage(response, message ? 403 : 200, html);
}

async function decide(request, response, interaction) {
  const form = await readForm(request);
  if (form.get("decision") !== "approve") {
    const result = { error: "access_denied", error_description: "The request was denied." };
    await provider.interactionFinished(request, response, result);
    return;
  }
  const accountId = signedInAs(interaction) ?? form.get("username");
  if (!signedInAs(interaction) && !isPasswordOf(accountId, form.get("password"))) {
    showSignIn(request, response, interaction, "The account or the password is wrong.");
    return;
  }
  const consent = { grantId: await grantAll(accountId, interaction.params) };
  await provider.interactionFinished(request, response, { login: { accountId }, consent });
}

async function signIn(request, response) {
  const interaction = await provider.interactionDetails(request, response);
  if (request.method === "POST") await decide(request, response, interaction);
  else showSignIn(request, response, interaction);
}

const answerOthers = provider.callback();

function answer(request, response) {
  if (!request.url.startsWith(SIGN_IN_PATH)) {
    answerOthers(request, response);
    return;
  }
  signIn(request, response).catch((error) => {
    sendPage(response, 400, errorPage(error.name, error.message));
  });
}

const pem = readFileSync(config.server_pem);
createHttpsServer({ key: pem, cert: pem }, answer).listen(config.https_port, "127.0.0.1");
createHttpServer(answerOthers).listen(config.introspection_port, "127.0.0.1");
