"""hal/esp32 under MicroPython, on the simulator's stand-ins for a chip's modules."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = Path(sys.executable).with_name("micropython")

HEAD = """
import sys
sys.path[:] = [%r, %r, ".frozen"]
said = []

class Stub:
    def __init__(self, **members):
        for name in members:
            setattr(self, name, members[name])
"""


def run(code):
    """Run code on MicroPython; return what it printed."""
    head = HEAD % (str(ROOT / "tools" / "simulator" / "chip"), str(ROOT / "firmware"))
    command = [str(MICROPYTHON), "-X", "heapsize=1M", "-c", head + code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


CLOCK = """
import time as real
seconds = [0]
sys.modules["time"] = Stub(
    gmtime=lambda s: (%d, 1, 1), time=lambda: seconds[0],
    ticks_ms=real.ticks_ms, ticks_diff=real.ticks_diff,
)
from mfpmail.hal.esp32.ports import Ports
ports = Ports(Stub(show=print))
print(ports.clock.now_s(), ports.clock_is_set())
seconds[0] = %d
print(ports.clock.now_s(), ports.clock_is_set())
"""


@pytest.mark.parametrize(
    ("epoch", "since", "start"), [(2000, 853315200, 946684800), (1970, 1800000000, 0)]
)
def test_clock_counts_from_1970_and_knows_that_it_is_not_set(epoch, since, start):
    first, later = run(CLOCK % (epoch, since))
    assert first == "%d False" % start
    assert later == "1800000000 True"


WIFI = """
from mfpmail.hal.esp32 import wifi
import network
stations = []
class Radio(network.WLAN):
    def __init__(self, interface):
        super().__init__(interface)
        stations.append(self)
network.WLAN = Radio
class Files:
    def read(self, path):
        assert path == "wifi.json"
        return %r
wifi.join(Files(), "mfpmail", print)
print(stations and stations[0].config("ssid"), network.hostname(), network.country())
"""


@pytest.mark.parametrize(
    ("content", "said", "joined"),
    [
        (b'{"ssid": "office", "password": "hidden", "country": "GR"}', "joining office", "office"),
        (b'{"ssid": "open"}', "joining open", "open"),
        (None, "no network is set", "[]"),
        (b"{}", "no network is set", "[]"),
        (b'{"ssid": "off', "cannot be read", "[]"),
        (b"[]", "cannot be read", "[]"),
    ],
)
def test_wifi_file_decides_what_is_joined(content, said, joined):
    told, state = run(WIFI % content)
    assert said in told
    assert "hidden" not in told
    assert state.split()[0] == joined
    assert state.endswith("GR") == (b"GR" in (content or b""))


SNTP = """
import mfpmail.hal.esp32.ports as ports
def settime():
    said.append("asked")
    if %r:
        raise OSError(116)
    now_s[0] = 1800000000
sys.modules["ntptime"] = Stub(settime=settime)
device = ports.Ports(Stub(show=print))
now_s = [946684800]
device.clock = Stub(now_s=lambda: now_s[0])
device.files = Stub(names=lambda path: [])
device.open_net()
device.open_http()
print(len(said))
"""


@pytest.mark.parametrize(
    ("fails", "expected"),
    [(False, ["1"]), (True, ["clock: not set, and no time server answers"] * 2 + ["2"])],
)
def test_clock_is_set_before_tls_unless_it_is_already(fails, expected):
    assert run(SNTP % fails) == expected


LEDS = """
from mfpmail.hal.esp32 import led
import machine
class Timer(machine.Timer):
    def init(self, **how):
        said.append(how["period"])
        how["callback"](self)
        said.append(pin.value())
led.Timer = Timer
plain = led.PlainLed(2, lit=%d)
pin = plain._pin
for state in ("off", "ok", "waiting", "fault", "off"):
    plain.show(state)
    said.append(pin.value())
print(said)
colour = led.ColourLed(8)
shown = []
for state in ("off", "ok", "waiting", "warning", "fault", "off"):
    colour.show(state)
    shown.append(colour._pixel[0])
print(len(set(shown)), shown[0] == shown[-1] == (0, 0, 0))
"""


@pytest.mark.parametrize("lit", [1, 0])
def test_leds_show_each_state_in_a_way_of_its_own(lit):
    plain, colour = run(LEDS % lit)
    dark = 1 - lit
    blinks = [dark, lit, 1000, dark, dark, 120, dark, dark, dark]
    assert plain == str(blinks)
    assert colour == "5 True"
