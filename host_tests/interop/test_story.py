"""The whole story against Postfix, Dovecot and oidc-provider, under both interpreters."""

import pytest
from devices import PASSWORD, RUNTIMES
from interop.oidc import approve_oidc

from device import DeviceProcess
from story import Story


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_story_on_real_servers_is_told_to_its_end(rig, tmp_path, runtime, security):
    told = []
    with DeviceProcess(tmp_path, PASSWORD, rig.endpoints["ca_pem"], runtime) as device:
        story = Story(device, rig.endpoints, approve_oidc, told.append, security=security)
        story.tell()
        assert device.client().call("GET", "/api/status")["faults"] == []
    assert story.steps == len(told)
    assert told[-1].endswith("tokens deleted: Not Acquired")
