"""Under MicroPython: every change of a token, from every state that allows it, to be cut."""

import asyncio

from storage_device import (
    DAY_S,
    FILLER,
    OAUTH,
    Device,
    World,
    obtain_working_token,
    prepared,
    sign_in,
    tokens_state,
)
from storage_flash import BLOCK_BYTES, Trial

from fakes.rotating import OFFLINE
from mfpmail.core.errors import MailError
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, INVALID, NOT_ACQUIRED

OTHERS = ("smtp2", "ifax", "eprint", "estatus")
CODE, REDIRECT, APPLICATION = "device_code", "authorization_code", "client_credentials"


# Steps: `step(device, world)`; what goes wrong in them is what they are for.


def enter(grant, *names):
    def step(device, world):
        for name in names or ("smtp",):
            fields = dict(OAUTH)
            fields["grant"] = grant
            device.configuration.put(name, fields, False)

    return step


def start(device, world):
    attempt(device.keeper.start())


def start_refused(device, world):
    world.provider.refusal = "invalid_client"
    start(device, world)


def poll(device, world):
    world.clock.advance_s(5)
    asyncio.run(device.keeper.poll())


def poll_too_early(device, world):
    world.provider.slow_down()
    poll(device, world)


def poll_approved(device, world):
    world.provider.decide("approved")
    poll(device, world)


def poll_declined(device, world):
    world.provider.decide("declined")
    poll(device, world)


def poll_expired(device, world):
    world.clock.advance_s(DAY_S)
    poll(device, world)


def poll_expired_offline(device, world):
    world.provider.trouble = OFFLINE
    poll_expired(device, world)


def paste(device, world):
    asyncio.run(sign_in(device.keeper, world))


def paste_denied(device, world):
    uri = device.keeper.public()["authorization_uri"]
    state = uri.split("&state=")[1].split("&")[0]
    attempt(device.keeper.take_redirect("http://127.0.0.1/?error=access_denied&state=" + state))


def refresh(device, world):
    world.clock.advance_s(60)
    attempt(device.keeper.refresh(device.keeper.record["access_token"]))


def refresh_unrotated(device, world):
    world.provider.rotates = False
    refresh(device, world)


def refresh_revoked(device, world):
    world.provider.revoke_all()
    refresh(device, world)


def refresh_needs_the_person(device, world):
    world.provider.refusal = "interaction_required"
    refresh(device, world)


def renew(device, world):
    world.clock.advance_s(DAY_S // 2)
    asyncio.run(device.keeper.renew_if_due())


def renew_needs_the_person(device, world):
    world.provider.refusal = "interaction_required"
    renew(device, world)


def renew_revoked(device, world):
    world.provider.revoke_all()
    renew(device, world)


def delete(device, world):
    device.keeper.delete()


def acquire_others(device, world):
    for name in OTHERS:
        asyncio.run(device.keepers[name].start())
        asyncio.run(sign_in(device.keepers[name], world))
        assert device.keepers[name].state == ACQUIRED


def fill(spare_blocks):
    """Return the step that fills the flash but for so many blocks."""

    def step(device, world):
        # A block of a large file holds some pointers beside the data.
        size_bytes = device.files.free_bytes() - spare_blocks * BLOCK_BYTES
        device.files.write(FILLER, b"x" * (size_bytes * 63 // 64))

    return step


def attempt(coroutine):
    try:
        asyncio.run(coroutine)
    except MailError:
        pass


KEEPS = True  # nobody needs to sign in again, wherever it is cut
# (operation, prepared, step that is cut, state after it, KEEPS)
OPERATIONS = (
    ("first grant by code", "blank", start, AWAITING_AUTH),
    ("grant by code", "deleted", start, AWAITING_AUTH),
    ("first grant by redirect", "blank redirect", start, AWAITING_AUTH),
    ("grant by redirect", "deleted redirect", start, AWAITING_AUTH),
    ("first client credentials", "blank application", start, ACQUIRED),
    ("client credentials", "deleted application", start, ACQUIRED),
    ("grant failed", "deleted application", start_refused, NOT_ACQUIRED),
    ("slow_down", "code", poll_too_early, AWAITING_AUTH, KEEPS),
    ("poll brings the token", "code", poll_approved, ACQUIRED),
    ("grant declined", "code", poll_declined, NOT_ACQUIRED),
    ("grant expired", "code", poll_expired, NOT_ACQUIRED),
    ("grant expired without an answer", "code", poll_expired_offline, NOT_ACQUIRED),
    ("redirect finished", "redirect", paste, ACQUIRED),
    ("redirect denied", "redirect", paste_denied, NOT_ACQUIRED),
    ("redirect expired", "redirect", poll_expired, NOT_ACQUIRED),
    ("refresh with rotation", "acquired", refresh, ACQUIRED, KEEPS),
    ("refresh without rotation", "acquired", refresh_unrotated, ACQUIRED, KEEPS),
    ("refresh while idle", "acquired", renew, ACQUIRED, KEEPS),
    ("refresh by client credentials", "application", refresh, ACQUIRED, KEEPS),
    ("refresh beside four tokens", "all", refresh, ACQUIRED, KEEPS),
    ("refresh with an almost full flash", "almost full", refresh, ACQUIRED, KEEPS),
    ("refresh with a full flash", "full", refresh, ACQUIRED, KEEPS),
    ("refresh rejected", "acquired", refresh_revoked, INVALID),
    ("interaction required", "acquired", refresh_needs_the_person, INVALID, KEEPS),
    ("interaction required again", "kept", renew_needs_the_person, INVALID, KEEPS),
    ("Invalid comes back", "kept", renew, ACQUIRED, KEEPS),
    ("Invalid is rejected", "kept", renew_revoked, INVALID),
    ("delete a code", "code", delete, NOT_ACQUIRED),
    ("delete a redirect", "redirect", delete, NOT_ACQUIRED),
    ("delete a token", "acquired", delete, NOT_ACQUIRED),
    ("delete an application's token", "application", delete, NOT_ACQUIRED),
    ("delete an Invalid token", "invalid", delete, NOT_ACQUIRED),
    ("delete an Invalid token that may come back", "kept", delete, NOT_ACQUIRED),
)


def bases():
    """Return `{name: (memory, world text)}`: the flash and the world before the operations."""
    made = {}
    for grant, suffix in ((CODE, ""), (REDIRECT, " redirect"), (APPLICATION, " application")):
        made["blank" + suffix] = prepared((enter(grant),))
        made["deleted" + suffix] = prepared((start, delete), *made["blank" + suffix])
    made["code"] = prepared((start,), *made["blank"])
    made["redirect"] = prepared((start,), *made["blank redirect"])
    made["application"] = prepared((start,), *made["blank application"])
    made["acquired"] = prepared((poll_approved,), *made["code"])
    made["invalid"] = prepared((refresh_revoked,), *made["acquired"])
    made["kept"] = prepared((refresh_needs_the_person,), *made["acquired"])
    made["all"] = prepared((enter(CODE, *OTHERS), acquire_others), *made["acquired"])
    made["almost full"], made["full"] = filled(made["all"])
    return made


def filled(before):
    """Return the fullest flash that a refresh still fits on, and the next that is too full."""
    fits, spare_blocks = None, 30
    while True:
        base = prepared((fill(spare_blocks),), *before)
        if not changes(base, refresh):
            return fits, base
        fits = base
        spare_blocks -= 1


def changes(base, step):
    """Say whether the step stores anything on this flash."""
    seen = []
    look = (lambda device, world: seen.append(tokens_state(device)),)
    prepared(look, *base)
    prepared(look, *prepared((step,), *base))
    return seen[0] != seen[1]


def cut_all():
    """Cut every operation at each of its writes."""
    made = bases()
    for name, base, step, state, *keeps in OPERATIONS:
        memory, kept = made[base]

        def checked_step(device, world, step=step, state=state):
            step(device, world)
            assert device.keeper.state == state, device.keeper.public()

        def go_on(device, world, where, keeps=keeps):
            path = obtain_working_token(device, world)
            assert not (keeps and NOT_ACQUIRED in path), "%s: %s" % (where, path)

        trial = Trial(memory, lambda kept=kept: World(kept), Device, tokens_state, go_on)
        trial.run(name, checked_step, must_change=base != "full")
