"""An OAuth provider behind the HTTP port that really keeps what it gave, on both interpreters."""

import asyncio
import binascii
import hashlib
import json

from mfpmail.core.errors import NetworkError

ISSUER = "https://provider.test/"
ENDPOINTS = {
    "device_authorization_endpoint": ISSUER + "device_authorization",
    "authorization_endpoint": ISSUER + "authorize",
    "token_endpoint": ISSUER + "token",
}
CLIENT_SECRET = "client-secret-1"
ACCESS_LIFETIME_S = 3600
CODE_LIFETIME_S = 900
LOGIN_LIFETIME_S = 600
INTERVAL_S = 5
SLOW_DOWN_STEP_S = 5

# What may be wrong with it, for `trouble`. All but OFFLINE are answers.
THROTTLED = "throttled"
UNAVAILABLE = "unavailable"
HTML = "html"
OFFLINE = "offline"
TROUBLES = (THROTTLED, UNAVAILABLE, HTML, OFFLINE)


class RotatingProvider:
    """Device codes, authorization codes with PKCE, client credentials, rotating refresh tokens.

    A refresh token is good until a newer one of its family has been used: whoever lost an answer
    asks again with the one before. One that is older than that ends the whole family (RFC 9700
    section 4.14.2). Its time is the monotonic one of `clock`, so that a device whose clock is set
    wrong does not take the provider's along. `kept` is what `snapshot` of another one returned.

    `trouble` is "" or one of TROUBLES; `refusal` an error code for every refresh and for client
    credentials; `lost_answers` counts down the answers that are lost after the work was done;
    `calls` counts by client id what arrived; `access_token_chars` is the least length of an access
    token; `meanwhile` is called while a request is under way.
    """

    def __init__(self, clock, kept=None):
        self.calls = {}
        self.access_token_chars = 0
        self._clock = clock
        self._kept = json.loads(kept) if kept else _nothing()
        self.calm()

    def calm(self):
        """Let nothing be wrong any more."""
        self.trouble = ""
        self.refusal = ""
        self.retry_after_s = 600
        self.lost_answers = 0
        self.rotates = True
        self.meanwhile = lambda: None

    def snapshot(self):
        """Return all that it has given and knows, as text."""
        return json.dumps(self._kept)

    # What the person does, and the administrator of the provider.

    def decide(self, decision):
        """Let the person decide on every device code that is out: "approved" or "declined"."""
        for code in self._kept["codes"].values():
            code["decision"] = decision

    def sign_in(self, uri):
        """Return the address at which the browser ends up when the person signs in at `uri`."""
        asked = parse_form(uri.split("?", 1)[1])
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = self._name("login")
        self._kept["logins"][code] = {
            "client": asked["client_id"],
            "challenge": asked["code_challenge"],
            "redirect_uri": asked["redirect_uri"],
            "ends_at": self._now_s() + LOGIN_LIFETIME_S,
        }
        return "%s?code=%s&state=%s" % (asked["redirect_uri"], code, asked["state"])

    def slow_down(self):
        """Let the next poll of every code be too early, though it comes after the interval."""
        for code in self._kept["codes"].values():
            code["next_at"] += INTERVAL_S

    def revoke_all(self):
        """End every token that was ever given, as after a change of the password."""
        self._kept["revoked_to"] = self._kept["number"]
        self._kept["families"] = {}
        self._kept["access"] = {}

    # What the tests ask.

    def accepts_refresh(self, refresh_token):
        family = self._kept["families"].get(_family_of(refresh_token))
        return bool(family) and refresh_token in (family["newest"], family["previous"])

    def is_newest(self, refresh_token):
        family = self._kept["families"].get(_family_of(refresh_token))
        return bool(family) and refresh_token == family["newest"]

    def revoked(self, refresh_token):
        """Say whether it was ended by `revoke_all`, and not by a misuse."""
        number = _family_of(refresh_token)
        return number.isdigit() and int(number) <= self._kept["revoked_to"]

    def accepts_access(self, access_token):
        return self._kept["access"].get(access_token, 0) > self._now_s()

    # The HTTP port.

    async def get(self, url, headers, deadline_ms=15000):
        return 404, {}, b""

    async def post(self, url, headers, body, deadline_ms=15000):
        fields = parse_form(body.decode())
        client = fields["client_id"]
        self.calls[client] = self.calls.get(client, 0) + 1
        await asyncio.sleep(0)  # whoever else is waiting gets a turn
        self.meanwhile()
        if self.trouble:
            return self._troubled()
        answer = self._answer(url, fields)
        if self.lost_answers:
            self.lost_answers -= 1
            raise NetworkError("timeout", "The provider did not answer in time.")
        status = 400 if "error" in answer else 200
        return status, {}, json.dumps(answer).encode()

    def _troubled(self):
        if self.trouble == OFFLINE:
            raise NetworkError("connect", "No connection to provider.test could be made.")
        if self.trouble == HTML:
            return 200, {}, b"<html>Sign in to the Wi-Fi</html>"
        busy = json.dumps({"error": "temporarily_unavailable"}).encode()
        if self.trouble == THROTTLED:
            return 429, {"retry-after": str(self.retry_after_s)}, busy
        return 503, {}, busy

    def _answer(self, url, fields):
        if url == ENDPOINTS["device_authorization_endpoint"]:
            return self._device_code(fields)
        assert url == ENDPOINTS["token_endpoint"], url
        grant = fields["grant_type"].rpartition(":")[2]
        return {
            "device_code": self._poll,
            "authorization_code": self._exchange,
            "client_credentials": self._application,
            "refresh_token": self._refresh,
        }[grant](fields)

    def _device_code(self, fields):
        code = self._name("device-code")
        self._kept["codes"][code] = {
            "client": fields["client_id"],
            "decision": "",
            "interval_s": INTERVAL_S,
            "next_at": self._now_s() + INTERVAL_S,
            "ends_at": self._now_s() + CODE_LIFETIME_S,
        }
        return {
            "device_code": code,
            "user_code": "USER-" + code.rpartition("-")[2],
            "verification_uri": ISSUER + "device",
            "interval": INTERVAL_S,
            "expires_in": CODE_LIFETIME_S,
        }

    def _poll(self, fields):
        code = self._kept["codes"].get(fields["device_code"])
        if not code or code["client"] != fields["client_id"]:
            return {"error": "invalid_grant"}
        if self._now_s() >= code["ends_at"]:
            return {"error": "expired_token"}
        if code["decision"] == "declined":
            return {"error": "access_denied"}
        early = self._now_s() < code["next_at"]
        if early:
            code["interval_s"] += SLOW_DOWN_STEP_S
        code["next_at"] = self._now_s() + code["interval_s"]
        if early:
            return {"error": "slow_down"}
        if not code["decision"]:
            return {"error": "authorization_pending"}
        del self._kept["codes"][fields["device_code"]]
        return self._new_family(fields["client_id"])

    def _exchange(self, fields):
        login = self._kept["logins"].pop(fields["code"], None)  # good for once
        if not login or self._now_s() >= login["ends_at"]:
            return {"error": "invalid_grant"}
        for name, known in (("client_id", "client"), ("redirect_uri", "redirect_uri")):
            if fields[name] != login[known]:
                return {"error": "invalid_grant"}
        if _challenge(fields["code_verifier"]) != login["challenge"]:
            return {"error": "invalid_grant"}
        return self._new_family(fields["client_id"])

    def _application(self, fields):
        if self.refusal:
            return {"error": self.refusal}
        if fields.get("client_secret") != CLIENT_SECRET:
            return {"error": "invalid_client"}
        return self._access()

    def _refresh(self, fields):
        if self.refusal:
            return {"error": self.refusal}
        presented = fields["refresh_token"]
        number = _family_of(presented)
        family = self._kept["families"].get(number)
        if not family or family["client"] != fields["client_id"]:
            return {"error": "invalid_grant"}
        if presented not in (family["newest"], family["previous"]):
            del self._kept["families"][number]
            return {"error": "invalid_grant"}
        answer = self._access()
        family["previous"] = presented
        if self.rotates:
            family["newest"] = answer["refresh_token"] = self._name("refresh-" + number)
        return answer

    def _new_family(self, client):
        answer = self._access()
        number = str(self._kept["number"])
        answer["refresh_token"] = self._name("refresh-" + number)
        self._kept["families"][number] = {
            "client": client,
            "newest": answer["refresh_token"],
            "previous": "",
        }
        return answer

    def _access(self):
        now_s = self._now_s()
        live = {token: end for token, end in self._kept["access"].items() if end > now_s}
        token = self._name("access")
        token += "-" * (self.access_token_chars - len(token))
        live[token] = now_s + ACCESS_LIFETIME_S
        self._kept["access"] = live
        return {"access_token": token, "token_type": "Bearer", "expires_in": ACCESS_LIFETIME_S}

    def _name(self, kind):
        self._kept["number"] += 1
        return "%s-%d" % (kind, self._kept["number"])

    def _now_s(self):
        return self._clock.now_ms() // 1000


def parse_form(text):
    """Return the fields of a form body or of a query, percent-decoded."""
    fields = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        head, *rest = value.split("%")
        fields[name] = head + "".join(chr(int(part[:2], 16)) + part[2:] for part in rest)
    return fields


def _nothing():
    names = ("codes", "logins", "families", "access")
    kept = {name: {} for name in names}
    kept["number"] = kept["revoked_to"] = 0
    return kept


def _family_of(refresh_token):
    """Return the number in "refresh-FAMILY-NUMBER", "" for anything else."""
    parts = refresh_token.split("-")
    return parts[1] if len(parts) == 3 else ""


def _challenge(verifier):
    """Return what belongs to a verifier by the method S256 (RFC 7636 section 4.2)."""
    text = binascii.b2a_base64(hashlib.sha256(verifier.encode()).digest()).decode()
    return text.strip().rstrip("=").replace("+", "-").replace("/", "_")
