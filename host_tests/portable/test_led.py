"""What the LED and the status say of tokens, and the standing task that looks at them."""

from fakes.dying import (
    DAY_S,
    enter_alternative,
    fresh,
    kill_token,
    lines_about,
    living,
    new_ports,
    subjects,
    warned,
    with_dead_smtp,
)
from fakes.provider import DEVICE_ANSWER, refused
from mfpmail.core.errors import MailError
from mfpmail.service.device import Device
from mfpmail.service.status import led_of, status_of, warnings_of
from support import acquire, configure, failure_of, run, supervised


def test_status_shows_warnings_with_nothing_secret():
    device, ports = living(days=20)
    assert warnings_of(device) == []
    device.clock.advance_s(13 * DAY_S)
    dies_at = device.keepers["smtp"].record["dies_at"]
    shown = status_of(device)
    expected = {"setting": "smtp", "topic": "token_dies", "dies_at": dies_at, "days": 7}
    assert (shown["warnings"], shown["led"]) == ([expected], "warning")
    assert shown["sending"] == {"through": "smtp", "since": None}
    kill_token(device, ports)
    shown = status_of(device)
    expected = {"setting": "smtp", "topic": "invalid_grant", "dies_at": None, "days": 0}
    assert (shown["warnings"], shown["led"]) == ([expected], "fault")
    assert "access-1" not in str(shown) and "refresh-1" not in str(shown)


def test_led_follows_the_device():
    ports = new_ports()
    device = Device(ports)
    assert led_of(device) == "off"
    configure(device)
    assert led_of(device) == "off"
    ports.http.answers = [refused("invalid_client")]
    failure_of(device.keepers["smtp"].start())
    assert led_of(device) == "off"
    run(acquire(device, ports.http))
    assert led_of(device) == "ok"
    device.postman.sending_through = "smtp2"
    assert led_of(device) == "warning"
    device.configuration.put("smtp", {"server": ""}, True)
    assert led_of(device) == "off"
    enter_alternative(device)
    assert led_of(device) == "ok"
    device.store.faults.append("tokens/ifax: damaged")
    assert led_of(device) == "fault"


def test_led_waits_for_a_sign_in():
    device, ports = fresh()
    ports.http.answers = [(200, DEVICE_ANSWER)]
    run(device.keepers["smtp"].start())
    assert led_of(device) == "waiting"
    device.keepers["smtp"].delete()
    assert led_of(device) == "off"


def test_supervisor_warns_at_its_start_and_after_a_change_and_shows_the_led_once():
    device, ports = with_dead_smtp()
    run(supervised(device, lambda: lines_about(ports, "is Invalid")))
    enter_alternative(device)
    device.keepers["ifax"].delete()
    device.supervisor.look()
    run(supervised(device, lambda: warned(device) == 0))
    assert subjects(device)[0] == "Sending on Printer: Invalid"
    assert ports.leds == ["fault"]


def test_supervisor_reports_a_led_that_fails_and_goes_on():
    device, ports = with_dead_smtp()
    enter_alternative(device)
    calls = []

    def fail(state):
        calls.append(state)
        raise MailError("led", "The LED failed.")

    device.show_led = fail
    run(supervised(device, lambda: lines_about(ports, "warnings: The LED failed.")))
    run(supervised(device, lambda: warned(device) == 0))
    assert calls == ["fault"]
