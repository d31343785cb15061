"""tools/simulate.py with a flash as large as no board's: for one mail of 100 MB."""

import runpy
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[3] / "tools"
sys.path.insert(0, str(TOOLS))

import image  # noqa: E402

image.IMAGE_BLOCKS["HOST"] = 40960  # 160 MiB
runpy.run_path(str(TOOLS / "simulate.py"), run_name="__main__")
