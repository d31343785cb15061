"""Round trips of a mail to a server that is 100 ms away, there and back."""

import statistics
import subprocess

from bench.workshop import ACCOUNT, ROOT, middle

TRIP_MS = 100
_FILE_BYTES = 20000  # a scan: too large to leave in one flight with its envelope
_EXTRA = 10  # recipients more than one
_LONG_TOKEN = "t" * 1500  # of the length of Microsoft's: too long for one command line


def measure(workshop):
    """All rows; against Postfix where it can be started, else against the sink."""
    server = _postfix(workshop) or _sink(workshop)
    proxies = workshop.start_server("proxy.py", *(str(port) for port in server["ports"].values()))
    far = {name: proxies[str(port)] for name, port in server["ports"].items()}
    sink = workshop.start_server("proxy.py", str(workshop.sink["tls"]))
    server["far_sink"] = sink[str(workshop.sink["tls"])]
    scan = {**workshop.mail(_FILE_BYTES), "file": workshop.file(_FILE_BYTES)}
    base = {**server["work"], **scan, "do": "trips", "recipients": server["recipients"]}
    rows = {}
    rows.update(_connection(workshop, base, far["tls"], server["name"]))
    rows.update(_starttls(workshop, base, far["starttls"], server["name"]))
    rows.update(_two_step(workshop, server["far_sink"]))
    return rows


def _connection(workshop, base, port, name):
    work = {**base, "port": port, "count": workshop.repeats(3)}
    ours, rival = _both(workshop, work, workshop.repeats(3))
    alert = workshop.client("micropython", {**work, **workshop.mail()})
    without_file = "%s (%.2f for a mail without a file)"
    first = without_file % ("implicit TLS, " + name, alert["first_ms"] / TRIP_MS)
    following = without_file % (name, min(alert["next_ms"]) / TRIP_MS)
    rows = {
        "round_trips_first": _row(ours["first"], rival["first"], first),
        "round_trips_next": _row(ours["next"], rival["next"], following),
    }
    extra = [(found["many"] - found["next"]) / _EXTRA for found in (ours, rival)]
    rows["round_trips_recipient"] = _row(*extra, "each of %d more, %s" % (_EXTRA, name))
    return rows


def _starttls(workshop, base, port, name):
    work = {**base, "port": port, "security": "starttls"}
    ours, rival = _both(workshop, work, workshop.repeats(3))
    return {"round_trips_first_starttls": _row(ours["first"], rival["first"], name)}


def _two_step(workshop, port):
    work = {**_sink(workshop)["work"], "do": "trips", "port": port}
    work.update(workshop.mail(_FILE_BYTES), file=workshop.file(_FILE_BYTES))
    work["token"] = _LONG_TOKEN
    results = [workshop.client("micropython", work) for _ in range(workshop.repeats(3))]
    values = (len(_LONG_TOKEN), len(results))
    how = "implicit TLS, token of %d bytes, the sink; median of %d" % values
    return {"round_trips_first_two_step": (middle(results, "first_ms") / TRIP_MS, how)}


def _both(workshop, work, repeats):
    """Return the medians of ours and of smtplib's, interleaved, in round trips."""
    ours, rival = [], []
    for _ in range(repeats):
        ours.append(workshop.client("micropython", work))
        rival.append(workshop.run("cpython", "rival.py", work))
    return _medians(ours), _medians(rival)


def _medians(results):
    found = {"first": middle(results, "first_ms") / TRIP_MS}
    for name in ("next", "many"):
        times = [ms for result in results for ms in result[name + "_ms"]]
        found[name] = statistics.median(times) / TRIP_MS if times else None
    return found


def _row(ours, rival, what):
    return ours, "%s, TLS 1.2, 50 ms each way; smtplib %.2f; median of the repeats" % (what, rival)


def _sink(workshop):
    ports = {name: workshop.sink[name] for name in ("tls", "starttls")}
    many = ["r%d@sandbox.test" % number for number in range(1 + _EXTRA)]
    return {"name": "the sink", "ports": ports, "work": {"token": "t" * 40}, "recipients": many}


def _postfix(workshop):
    """Start the servers of the interop tests and sign in; None where they are not installed."""
    installer = ROOT / "tools" / "install_interop.sh"
    check = subprocess.run([str(installer), "--check"], capture_output=True, timeout=60)
    if check.returncode or workshop.quick:
        return None
    from interop import clients
    from interop.oidc import approve_oidc
    from interop.rig import InteropRig

    endpoints = workshop.enter(InteropRig(workshop.folder / "rig")).endpoints
    grant = clients.start_grant(endpoints, endpoints["scope_smtp"])
    approve_oidc(
        grant["verification_uri_complete"],
        endpoints["account"],
        endpoints["account_password"],
        endpoints["ca_pem"],
    )
    _, token = clients.poll(endpoints, grant)
    trust = workshop.trust(endpoints["ca_pem"])
    names = ("tls", "starttls")
    return {
        "name": "Postfix",
        "ports": {name: endpoints["smtp_%s_port" % name] for name in names},
        "work": {"token": token["access_token"], **trust},
        "recipients": [ACCOUNT, "bob@sandbox.test"] * (_EXTRA // 2) + [ACCOUNT],
    }
