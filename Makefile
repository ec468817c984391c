# make install | demo | test | lint | docs | bench | bench-long | clean. If .venv is missing, it is made with the pinned
# versions first.

PYTHON ?= python3
python := .venv/bin/python
pip := $(python) -m pip --no-input --disable-pip-version-check --quiet

.PHONY: install demo test lint docs bench bench-long clean

# Prepares a small version of the invoices task and tries four settings of it, two at a time, with the real base model.
# It has two epochs instead of the card's four, and a time budget: on two cores it has to end within six minutes.
demo: .venv/.installed
	@rm -rf runs/demo
	$(python) -m jobs.prepare invoices --rows 1320 --data data/invoices-demo
	$(python) -m jobs.tune invoices --data data/invoices-demo --run runs/demo --trials 4 --minutes 4.5 --set epochs=2

install: .venv/.installed

test: .venv/.installed
	$(python) -m pytest

lint: .venv/.installed
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

# Writes the page of the reference that is made from the code; a test compares the two.
docs: .venv/.installed
	$(python) -c 'from jobs.options_page import page; print(page(), end="")' > docs/reference/options.md

# Measures the code and its rivals in turns: use the machine for nothing else meanwhile. Prints tables, and writes JSON to
# build/bench/. bench takes up to 30 minutes on two cores, bench-long a night.
bench: .venv/.installed
	$(python) -m benchmarks.limit --rounds 2
	$(python) -m benchmarks.training_step --pairs 32 --rounds 2
	$(python) -m benchmarks.group_start
	$(python) -m benchmarks.search_cost --pairs 50
	$(python) -m benchmarks.streaming
	$(python) -m benchmarks.scale --pairs 100 --trials 10 --rounds 2

bench-long: .venv/.installed
	$(python) -m benchmarks.training_step
	$(python) -m benchmarks.step_profile
	$(python) -m benchmarks.search_cost --rounds 3
	$(python) -m benchmarks.time_to_quality
	$(python) -m benchmarks.streaming --tokenised 10000000
	$(python) -m benchmarks.scale --trials 100 --trials 1000 --rounds 1

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
