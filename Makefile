# One command sets up and does the job; only Python 3.11 or newer and make are needed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run demo test check bench screens release clean help

help: ## show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-test
	$(BIN)/pip install --quiet --editable '.[bench]'
	touch $@

run: $(VENV)/.installed ## open the programme
	$(BIN)/inspect-tui

demo: $(VENV)/.installed ## play the whole job without a screen, into ./demo
	rm -rf demo
	$(BIN)/inspect-tui demo demo

test: $(VENV)/.installed-test ## run the tests
	$(BIN)/pytest --numprocesses=2 --dist=loadfile

check: $(VENV)/.installed-dev ## lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-bench ## measure against peers and physical floors
	$(BIN)/python -m bench

screens: $(VENV)/.installed-test ## draw the pictures in docs/screens anew
	$(BIN)/python -m tests.inspect_tui.tui.make_screens docs/screens

release: $(VENV)/.installed ## build the folder that installs offline, into ./dist; PLATFORM=win_amd64 PYTHON_VERSION=3.12 for others
	$(BIN)/python release/build.py $(addprefix --platform ,$(PLATFORM)) $(addprefix --python-version ,$(PYTHON_VERSION)) $(addprefix --extra ,$(EXTRA))

clean: ## remove what make made
	rm -rf $(VENV) demo build dist
