"""tools/bench: the table is complete, the JSON has its shape, and the cheap figures can be had."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench import figures

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, str(ROOT / "tools" / "bench" / "run.py")]
FIELDS = {"value", "target", "ok", "unit", "how"}
PROMISED = {
    "heap_growth_send",
    "send_vs_raw_tls",
    "send_vs_smtplib",
    "send_cpython_vs_smtplib",
    "small_messages_vs_smtplib",
    "heap_growth_fetch",
    "heap_growth_fetch_by_size",
    "fetch_rate",
    "fetch_vs_poplib",
    "round_trips_first",
    "round_trips_next",
    "round_trips_recipient",
    "boot_to_ready_ms",
    "firmware_mpy_bytes",
    "page_weight_bytes",
    "heap_floor_device",
}


def bench(tmp_path, *arguments):
    """Run it; return the exit status, the entries of the JSON and the output."""
    out = tmp_path / "out.json"
    done = subprocess.run(
        [*RUN, *arguments, "--out", str(out)], capture_output=True, text=True, timeout=120
    )
    assert out.exists(), done.stdout + done.stderr
    return done.returncode, json.loads(out.read_text()), done.stdout


def measured(entries):
    return {name for name, entry in entries.items() if entry["value"] is not None}


def test_targets_have_every_promised_row():
    assert set(figures.BENCH_ROWS) >= PROMISED
    assert all(figures.TARGETS[name][1] is not None for name in PROMISED)


def test_judge_value_at_its_limit_is_good():
    relation, limit, unit = figures.TARGETS["send_vs_smtplib"]
    entry = figures.judge("send_vs_smtplib", limit, "how it was measured")
    assert entry == {
        "value": limit,
        "target": "%s %s" % (relation, limit),
        "ok": True,
        "unit": unit,
        "how": "how it was measured",
    }


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("send_vs_smtplib", 0.86, False),
        ("send_vs_smtplib", 0.2, True),
        ("send_vs_raw_tls", 0.79, False),
        ("send_vs_raw_tls", 0.81, True),
        ("send_vs_raw_tls", None, None),
        ("resident_heap_bytes", 1, None),
    ],
)
def test_judge_value_beside_its_limit(name, value, good):
    assert figures.judge(name, value, "")["ok"] is good


def test_targets_hold_only_without_a_miss():
    entries = figures.report(["boot_to_ready_ms", "page_weight_bytes"], {})
    assert figures.targets_hold(entries)
    entries["boot_to_ready_ms"] = figures.judge("boot_to_ready_ms", 1000, "")
    assert not figures.targets_hold(entries)


def test_table_has_a_line_for_every_figure():
    entries = figures.report(figures.BENCH_ROWS, {"boot_to_ready_ms": (301, "once")})
    lines = figures.table(entries)
    assert [line.split()[0] for line in lines[1:]] == list(figures.BENCH_ROWS)
    assert "MISS" in next(line for line in lines if line.startswith("boot_to_ready_ms"))


def test_size_writes_every_size(tmp_path):
    _, entries, output = bench(tmp_path, "--size")
    assert set(entries) == set(figures.SIZE_ROWS) == measured(entries)
    assert all(set(entry) == FIELDS for entry in entries.values())
    assert all(name in output for name in entries)


def test_bench_of_some_figures_names_the_others_too(tmp_path):
    status, entries, output = bench(tmp_path, "--quick", "--only", "boot", "heap")
    assert measured(entries) == {
        "boot_to_ready_ms",
        "heap_growth_send",
        "heap_growth_send_with_code",
        "heap_growth_send_by_size",
    }
    assert set(entries) == set(figures.BENCH_ROWS)
    assert all(set(entry) == FIELDS for entry in entries.values())
    assert all(name in output for name in entries)
    assert status == (0 if figures.targets_hold(entries) else 1)


def test_bench_of_speed_runs_every_program(tmp_path):
    _, entries, output = bench(tmp_path, "--quick", "--only", "throughput", "small")
    assert "could not be measured" not in output
    assert measured(entries) == {
        "send_vs_raw_tls",
        "send_vs_raw_tls_cpython",
        "send_vs_smtplib",
        "send_cpython_vs_smtplib",
        "send_cpython_peak_rss",
        "small_messages_vs_smtplib",
    }
    assert all(entries[name]["value"] > 0 for name in measured(entries))


def test_bench_of_fetching_compares_what_was_stored(tmp_path):
    _, entries, output = bench(tmp_path, "--quick", "--only", "fetch", "fetch_heap")
    assert "could not be measured" not in output
    assert measured(entries) == {
        "heap_growth_fetch",
        "heap_growth_fetch_with_code",
        "heap_growth_fetch_by_size",
        "fetch_rate",
        "fetch_vs_poplib",
    }
    assert entries["heap_growth_fetch"]["ok"] and entries["heap_growth_fetch_by_size"]["ok"]


def test_bench_of_round_trips_counts_whole_ones(tmp_path):
    _, entries, output = bench(tmp_path, "--quick", "--only", "trips")
    assert "could not be measured" not in output
    assert len(measured(entries)) == 5
    assert entries["round_trips_first"]["value"] > 4  # TCP, TLS, and something to say
    assert entries["round_trips_first_starttls"]["value"] > 6  # and the same again in clear
