# Everything sets itself up: a fresh machine needs Python 3.11 or newer, its venv module, and make.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready
export UV_PYTHON_DOWNLOADS := never

.PHONY: help demo constellation test quick check docs clean

help:
	@echo "make demo    run the case of Japan's seventeen fields and write its report"
	@echo "make constellation   twelve firms that keep their data and still answer, on this machine"
	@echo "make test    every test"
	@echo "make quick   the tests that take less than a minute together"
	@echo "make check   ruff, mypy, the table of rooms"
	@echo "make docs    the documentation as HTML in docs/_build"

demo: $(READY)
	$(BIN)/kachisuji run japan17

constellation: $(READY)
	$(BIN)/kachisuji constellation demo

# two at a time, a file to each: under fifteen minutes on two cores, compiling included
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test: $(READY)
	$(PYTEST)

quick: $(READY)
	$(PYTEST) -m "not slow and not data" --ignore tests/desk --ignore tests/constellation

check: $(READY)
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/uv sync --quiet --frozen --inexact --group docs
	$(BIN)/sphinx-build -q -W -b html docs docs/_build

clean:
	rm -rf .venv dist build docs/_build

$(READY): uv.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
	  echo "No Python 3.11 or newer was found: install one (Debian: apt-get install python3 python3-venv) or say make PYTHON=/path/to/python3."; \
	  exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing: install it (Debian and Ubuntu: apt-get install python3-venv) and say make again."; \
	  exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv sync --quiet --frozen --inexact
	@touch $(READY)
