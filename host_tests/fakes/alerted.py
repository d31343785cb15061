"""A device that tells of events by mail, with the real texts."""

import binascii

from fakes.dying import living
from fakes.ports import FakePorts
from mfpmail.service.telling import tell


def ready(**changes):
    """Return a device with a token and an address for alerts, and its ports."""
    device, ports = living(ports=FakePorts())
    device.configuration.put("device", changes, False)
    return device, ports


def reported(device, *reports):
    """Report events, and tell of them."""
    for report in reports:
        device.alerts.report(*report)
    tell(device)


def text_of(device, ports, number=-1):
    """Return the text of a mail in the queue."""
    mail = ports.files.content["outbox/%s/mail" % device.outbox.jobs[number].id]
    head, body = mail.split(b"\r\n\r\n", 1)
    if b"Encoding: base64" in head:
        body = binascii.a2b_base64(body.replace(b"\r\n", b""))
    return body.decode().replace("\r\n", "\n")


def empty_queue(device):
    for job in list(device.outbox.jobs):
        device.outbox.delete(job)
