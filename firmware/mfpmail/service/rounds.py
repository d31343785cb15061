"""What the supervisor does from time to time, each with code that is dropped after it."""

from mfpmail.core.settings import DEVICE


def look(device, told):
    """Warn of tokens, and send the status mail that is due; `told` as in `warnings.tell`."""
    with device.overlays:
        from mfpmail.service import warnings

        warnings.tell(device, told)
        del warnings
    # Where nobody wants status mails, nothing is loaded for them.
    if device.alerts.kept or device.configuration.get(DEVICE)["status_every"] != "off":
        from mfpmail.service import timetable

        timetable.look(device, told)


def tell(device, _):
    """Tell of the events that were reported, and senders of what became of their mails."""
    wanted = [item for item in device.alerts.waiting if item[1] == "status_mail"]
    device.alerts.waiting = [item for item in device.alerts.waiting if item not in wanted]
    with device.overlays:
        from mfpmail.service import telling

        telling.tell(device)
        del telling
    if device.maildrops.answers:
        with device.overlays:
            from mfpmail.service import answering

            answering.answer(device)
            del answering
    if wanted:
        from mfpmail.service import timetable

        timetable.send_now(device)
