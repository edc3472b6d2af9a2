# make demo   try it: everything on this machine, with a stand-in of Claude's API
# make run    use it: against the real API
# make test   lint, types, import contracts and all tests
# make bench  what the vendor is asked for and what pages cost; SAMPLES=folder of text files to import
# All need only Python 3.11 or newer, make and a package index. PORT, SANDBOX_PORT and DATA_DIR can be set.

PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

# A .venv whose Python has gone (after an upgrade, say) is of no use: it is made anew.
$(shell [ ! -d .venv ] || $(BIN)/python -c '' 2>/dev/null || rm -rf .venv)

.PHONY: demo run test lint bench clean
.DEFAULT_GOAL := demo

demo run: .venv/run.stamp
	@$(BIN)/python -m memorydash.launcher $@

test: lint
	$(BIN)/python -m pytest -n logical --dist worksteal

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run --settings tests.settings

bench: .venv/test.stamp
	@$(BIN)/python -m tests.bench $(SAMPLES)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis staticfiles
	@echo "The data in .data stays; delete it by hand if you mean to."

# The stamps say which lock file .venv was last filled from; the tests' lock holds everything of the other.
.venv/run.stamp: requirements/run.txt | .venv/bin/python
	@echo "Installing what Memorydash needs into .venv (about half a minute, once) ..."
	@$(PIP_INSTALL) -r requirements/run.txt
	@touch $@

.venv/test.stamp: requirements/test.txt requirements/run.txt | .venv/bin/python
	@echo "Installing what the tests need into .venv (about a minute, once) ..."
	@$(PIP_INSTALL) -r requirements/test.txt
	@touch $@ .venv/run.stamp

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, but there is no '$(PYTHON)' here. Install it, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name a newer one: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "'$(PYTHON)' cannot make a virtual environment, since its module ensurepip is missing. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv
