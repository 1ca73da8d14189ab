# For a fresh clone with nothing but Python 3.11+ and make: `make demo`, `make test` and `make test-all`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO_EPOCHS ?= 5
DEMO_LOGS   ?= logs/demo
# CPU build or not is the machine's choice: any torch that the extra `optimizer` admits will do.
TORCH  ?= torch

.PHONY: help demo test test-all test-optimizer contract check docs results format lock clean
help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@# An editable install is compiled anew at each start wherever bytecode may not be written: a third of a second.
	@$(BIN)/python -m compileall -q src
	@touch $@

# What the demo needs and no more, without byte code for modules that it never imports; a developer's environment will do too.
$(VENV)/demo: requirements-demo.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@# The interpreter's own pip installs into the environment, which then needs none of its own: four seconds.
	@[ -e $(VENV)/installed ] || { set -e; \
	  if $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python --version >/dev/null 2>&1; \
	  then pip="$(PYTHON) -m pip --python $(BIN)/python"; else $(PYTHON) -m venv $(VENV); pip=$(BIN)/pip; fi; \
	  $$pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-demo.lock; \
	  $$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; }
	@touch $@

demo: $(VENV)/demo  ## Run hotmess/swebench on the bundled instances with a simulated agent, then analyze the log
	@sandbox/demo.sh $(BIN) $(DEMO_EPOCHS) $(DEMO_LOGS)

test: $(VENV)/installed  ## Run the tests that a contributor runs, on two cores in minutes
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder -m "not optimizer and not slow" $(PYTEST_ARGS)

test-all: $(VENV)/installed  ## Run every test, heavy studies too, then those that need torch
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder -m "not optimizer" $(PYTEST_ARGS)
	$(MAKE) test-optimizer

test-optimizer: $(VENV)/installed  ## Install torch and run the tests of the optimizer and of Inspect's `hf` models
	$(BIN)/pip install --quiet "$(TORCH)" transformers accelerate
	$(BIN)/python -m pytest -m optimizer $(PYTEST_ARGS)

contract:  ## Run the contract tests on the oldest and newest Inspect and on the lowest dependencies (needs uv)
	sandbox/contract.sh

check: $(VENV)/installed  ## Lint, check the format and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/installed  ## Build the documentation site into build/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

results: $(VENV)/installed  ## Write docs/results anew from the tables in RESULTS_DATA (without: those of the models run here, the rest as committed)
	$(BIN)/python benchmarks/public_results.py write $(RESULTS_DATA)

format: $(VENV)/installed  ## Format and sort imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## Write the two locks anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra dev --output-file requirements.lock pyproject.toml
	printf 'hatchling\neditables\n' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --constraints requirements.lock --no-emit-package debugpy --no-emit-package hf-xet --output-file requirements-demo.lock pyproject.toml -

clean:  ## Remove the environment and what it made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
