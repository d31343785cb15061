# Every command sets up what it needs, in .venv and build/, and leaves the system alone (only
# `make test` and `make interop`, run as root on Debian, install mail servers and a browser).

PYTHON ?= python3
RUNTIME ?= micropython
SANDBOX ?= 1
SLOW ?= 0
STATE ?= build/run
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run demo test lint interop bench size clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "RUNTIME=micropython|cpython chooses the interpreter of the device (run, demo);"
	@echo "SANDBOX=0 starts the device without the sandbox, for real providers (run);"
	@echo "STATE=FOLDER keeps settings, tokens and mail there instead of in build/run (run);"
	@echo "SLOW=1 also looks for the smallest heap, which takes minutes (bench)."

$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed") if sys.version_info < (3, 10) else 0'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the device's and the sandbox's packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==26.2
	@$(BIN)/python -m pip install --quiet --group device --group sandbox
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

test: $(VENV)/test.stamp  ## all tests, on both interpreters
	@sh tools/install_interop.sh || test $$? -eq 3
	@$(BIN)/python -m pytest

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
