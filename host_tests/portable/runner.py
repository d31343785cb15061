"""Runs the tests of one file under MicroPython and prints an `outcome` line for each.

micropython -X heapsize=256K runner.py COMPILED_FIRMWARE TEST_FILE
"""

import gc
import io
import json
import sys

gc.threshold(8192)  # as boot.py has it
firmware, test_file = sys.argv[1:]
folder, _, name = test_file.rpartition("/")
sys.path[:0] = [firmware, folder, folder.rpartition("/")[0]]

module = __import__(name[: -len(".py")])
for test in sorted(n for n in dir(module) if n.startswith("test_")):
    failure = None
    try:
        getattr(module, test)()
    except Exception as error:
        trace = io.StringIO()
        sys.print_exception(error, trace)
        failure = trace.getvalue()
    print("outcome " + json.dumps([test, failure]))
    gc.collect()
