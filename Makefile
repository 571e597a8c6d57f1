# Everything runs in .venv, made from requirements.lock by uv (itself installed from PyPI when missing).
PROFILE ?=
PYTHON := .venv/bin/python
TEST_OUTPUT := $(CURDIR)/results/test
export SPPE_HOME := $(CURDIR)
export TOKENIZERS_PARALLELISM := false
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup repro test lab pretrain lock

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements.lock pyproject.toml
	@command -v uv >/dev/null || python3 -m pip install --quiet --user uv || python3 -m pip install --quiet uv
	uv venv --quiet --allow-existing .venv
	VIRTUAL_ENV=.venv uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=.venv uv pip install --quiet --no-deps -e .
	@touch $@

setup: .venv/.installed  ## Make the environment in .venv

repro: setup  ## Run the pipeline: make repro, or make repro PROFILE=smoke
	@if [ -n "$(PROFILE)" ]; then $(PYTHON) -m sppe_lib.config $(PROFILE); fi
	$(PYTHON) -m dvc repro

test: setup  ## Run every test, the notebooks among them
	rm -rf $(TEST_OUTPUT)
	$(PYTHON) -m pytest
	SPPE_PROFILE=smoke SPPE_RESULTS=$(TEST_OUTPUT)/results SPPE_FIGURES=$(TEST_OUTPUT)/figures \
	$(PYTHON) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=600 notebooks

lab: setup  ## Open JupyterLab on the notebooks
	$(PYTHON) -m jupyter lab notebooks

pretrain: setup  ## Train the shipped models again (hours; resumable)
	$(PYTHON) -m dvc repro --force --single-item pretrain

lock:  ## Refresh requirements.lock and environment.yml from pyproject.toml
	uv lock --quiet
	uv export --quiet --no-emit-project --no-annotate --no-header -o requirements.lock
	$(PYTHON) -m sppe_lib.environment
