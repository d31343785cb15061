"""A device whose tokens die, with texts of its own for the mails that warn of it."""

import io

from fakes.ports import FakePorts
from fakes.provider import refused, tokens
from mfpmail.service.device import Device
from support import acquire, configure, failure_of, run

DAY_S = 86400
TO = "admin@far.test"
TEXTS = {
    "en": (
        "alert_token_dies\t{setting} on {device}: {days} days\t{account} dies on {date}.\\nRenew.\n"
        "alert_token_invalid\t{setting} on {device}: Invalid\t{account}: {cause} {advice}\n"
        "invalid_grant\tThe token was ended.\tDelete it.\n"
        "setting_ifax\tInternet fax\t\n"
        "setting_smtp\tSending\t\n"
    ),
    "el": (
        "alert_token_dies\tΤο διακριτικό λήγει σε {days} ημέρες\tΛογαριασμός {account}.\\nΛήγει.\n"
        "setting_smtp\tΑποστολή\t\n"
    ),
}


def new_ports():
    """Return ports with texts of their own: the real ones are somebody else's matter."""
    ports = FakePorts()
    ports.open_locale = lambda language: io.BytesIO(TEXTS[language].encode())
    return ports


def fresh(alert_to=TO, language="en", ports=None):
    """Return a device that nobody has signed in at, and its ports."""
    ports = ports or new_ports()
    device = Device(ports)
    configure(device, sender_name="Printer")
    device.configuration.put("device", {"alert_to": alert_to, "language": language}, False)
    return device, ports


def living(days=90, **entered):
    """Return a device whose SMTP token dies in so many days, and its ports."""
    device, ports = fresh(**entered)
    run(acquire(device, ports.http, "smtp", tokens(refresh_token_expires_in=days * DAY_S)))
    return device, ports


def kill_token(device, ports, name="smtp"):
    """Let the provider refuse the token for good."""
    device.clock.advance_s(3600)
    ports.http.answers = [refused("invalid_grant")]
    failure_of(device.keepers[name].access_token())
    assert device.keepers[name].state == "INVALID"


def enter_alternative(device, **changes):
    """Enter an alternative account that needs no token."""
    entered = {"auth_method": "password", "server": "mail2.test", "account": "scan@mail2.test"}
    entered.update(changes)
    device.configuration.put("smtp2", entered, False)


def with_dead_smtp(alert_to=TO):
    device, ports = living(alert_to=alert_to)
    kill_token(device, ports)
    return device, ports


def subjects(device):
    return [job.record["subject"] for job in device.outbox.jobs]


def warned(device, name="smtp"):
    return device.keepers[name].record["warned"]


def lines_about(ports, word):
    return [line for line in ports.lines if word in line]
