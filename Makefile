# make demo | test | lint | clean. Each makes its own .venv first, with the pinned versions, once.

PYTHON ?= python3
python := .venv/bin/python
pip := $(python) -m pip --no-input --disable-pip-version-check --quiet

.PHONY: demo test lint clean

# Prepares a small version of the invoices task and tries four settings of it, two at a time, with the real base model.
# Two epochs instead of the card's four, and a time budget: on two cores it has to end within six minutes.
demo: .venv/.installed
	@rm -rf runs/demo
	$(python) -m jobs.prepare invoices --rows 1320 --data data/invoices-demo
	$(python) -m jobs.tune invoices --data data/invoices-demo --run runs/demo --trials 4 --minutes 4.5 --set epochs=2

test: .venv/.installed
	$(python) -m pytest

lint: .venv/.installed
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

# Removes the .venv and the caches; data/ and runs/ are yours and stay.
clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache pairtune.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("error: PYTHON: $(PYTHON) is Python %d.%d, needed is 3.11 or newer; try: make PYTHON=python3.11" % sys.version_info[:2])'
	@test -x $(python) || { echo "Making .venv with $(PYTHON)"; $(PYTHON) -m venv .venv; }
	@echo "Installing torch, the largest package (once, some minutes)"
	@$(pip) install -c constraints.txt torch
	@echo "Installing the other pinned packages (once, some minutes)"
	@$(pip) install -c constraints.txt -e '.[offline,dev]'
	@touch $@
