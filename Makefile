# Every command sets up what it needs, in .venv and build/, and leaves the system alone (only
# `make test` and `make interop`, run as root on Debian, install mail servers and a browser).

PYTHON ?= python3
RUNTIME ?= micropython
SANDBOX ?= 1
SLOW ?= 0
STATE ?= build/run
BOARD ?= ESP32_GENERIC_S3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run demo image sim flash test lint interop bench size clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "RUNTIME=micropython|cpython chooses the interpreter of the device (run, demo);"
	@echo "SANDBOX=0 starts the device without the sandbox, for real providers (run);"
	@echo "STATE=FOLDER keeps settings, tokens and mail there instead of in build/run (run);"
	@echo "BOARD=NAME is a folder of boards/, $(BOARD) if not given (image, sim, flash);"
	@echo "FLASH_MIB=N is the size of its flash chip, WIFI=FILE the network to join (image);"
	@echo "IMAGE=FILE in place of build/BOARD/flash.img (image, sim, flash);"
	@echo "HEAP=160K, FRESH=1: another heap, the image flashed anew (sim);"
	@echo "PORT=/dev/ttyACM0 FIRMWARE=FILE.bin SHA256=DIGEST, DRY_RUN=1 to look only (flash);"
	@echo "SLOW=1 also looks for the smallest heap, which takes minutes (bench)."

$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed") if sys.version_info < (3, 10) else 0'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the device's and the sandbox's packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==26.2
	@$(BIN)/python -m pip install --quiet --group device --group sandbox
	@touch $@

$(VENV)/board.stamp: $(VENV)/run.stamp
	@echo "installing esptool into $(VENV)"
	@$(BIN)/python -m pip install --quiet --group board
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	@echo "installing the tests' packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --group test
	@touch $@

setup: $(VENV)/run.stamp  ## make the environment of run and demo

run: $(VENV)/run.stamp  ## start the sandbox and the device; Ctrl-C ends both
	@$(BIN)/python tools/run.py --runtime $(RUNTIME) --state "$(STATE)" \
		$(if $(filter 0,$(SANDBOX)),--no-sandbox)

demo: $(VENV)/run.stamp  ## the whole story without a person: token, send, receive, delete
	@$(BIN)/python tools/demo.py --runtime $(RUNTIME)

image: $(VENV)/run.stamp  ## what goes onto a board: build/BOARD with flash.img
	@$(BIN)/python tools/make_image.py $(BOARD) $(if $(FLASH_MIB),--flash-mib $(FLASH_MIB)) \
		$(if $(WIFI),--wifi "$(WIFI)") $(if $(IMAGE),--output "$(IMAGE)")

sim: $(VENV)/run.stamp  ## a simulated board behind a serial line, for mpremote
	@$(BIN)/python tools/sim.py $(BOARD) $(if $(IMAGE),--image "$(IMAGE)") \
		$(if $(HEAP),--heap $(HEAP)) $(if $(filter 1,$(FRESH)),--fresh)

flash: $(VENV)/board.stamp  ## write MicroPython and the image onto a board: PORT=… FIRMWARE=…
	@$(BIN)/python tools/flash.py $(BOARD) $(if $(PORT),--port "$(PORT)") \
		$(if $(FIRMWARE),--firmware "$(FIRMWARE)") \
		$(if $(IMAGE),--image "$(IMAGE)") $(if $(SHA256),--sha256 $(SHA256)) $(if $(filter 1,$(DRY_RUN)),--dry-run)

test: $(VENV)/test.stamp  ## all tests, on both interpreters
	@sh tools/install_interop.sh || test $$? -eq 3
	@$(BIN)/python host_tests/run_all.py

interop: $(VENV)/test.stamp  ## the tests against Postfix, Dovecot, oidc-provider and Chromium alone
	@sh tools/install_interop.sh
	@$(BIN)/python -m pytest host_tests/interop host_tests/web

bench: $(VENV)/run.stamp  ## speed, round trips and memory against their targets, into build/bench.json
	@$(BIN)/python tools/bench/run.py $(if $(filter 1,$(SLOW)),--slow)

size: $(VENV)/run.stamp  ## what the firmware takes, into build/size.json
	@$(BIN)/python tools/bench/run.py --size

lint: $(VENV)/test.stamp  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

clean:  ## remove .venv and everything that was built
	@rm -rf $(VENV) build .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
