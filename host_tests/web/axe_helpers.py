"""axe-core, which looks for what keeps people from using a page; npm brings it into build/ when it
is first needed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent / "axe"
FOLDER = HERE.parents[2] / "build" / "axe"
FILES = ("package.json", "package-lock.json")
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
INSTALL_LIMIT_S = 120

# WCAG 2.2 AA, and what axe-core calls good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (rules) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return found.violations.map(({ id, impact, nodes }) =>
    ({ id, impact, where: nodes.map((node) => `${node.html}: ${node.failureSummary}`) }));
}"""


def axe_script():
    """Return axe-core's source in the locked version, fetched by npm unless it is there already.
    Without npm the test fails under CI and is skipped elsewhere."""
    locked = (HERE / FILES[1]).read_bytes()
    installed = FOLDER / "installed-lock.json"
    if not installed.exists() or installed.read_bytes() != locked:
        _install()
        installed.write_bytes(locked)  # last, so it stands for a finished install
    return SCRIPT.read_text(encoding="utf-8")


def _install():
    npm = shutil.which("npm")
    if not npm:
        leave_out = pytest.fail if os.environ.get("CI") else pytest.skip
        leave_out("npm is not installed, which fetches axe-core")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(HERE / name, FOLDER / name)
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=FOLDER, check=True, timeout=INSTALL_LIMIT_S)


def violations(page):
    """Return what is seriously or critically wrong with a page that was opened with axe-core."""
    found = page.evaluate(RUN, RULES)
    return [violation for violation in found if violation["impact"] in ("serious", "critical")]
