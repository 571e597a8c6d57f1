# Everything runs in .venv; uv fills it from requirements.lock, whose hashes are checked, and compiles it once, so that
# no stage has to.
PROFILE ?=
AGAINST ?= HEAD
JOBS ?= $(if $(filter smoke,$(PROFILE)),2,1)
PYTHON := .venv/bin/python
TEST_OUTPUT := $(CURDIR)/results/test
export SPPE_HOME := $(CURDIR)
export TOKENIZERS_PARALLELISM := false
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup check repro reproduced test lab search pretrain lock

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements.lock pyproject.toml
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet uv
	.venv/bin/uv pip install --quiet --compile-bytecode --python $(PYTHON) --require-hashes -r requirements.lock
	.venv/bin/uv pip install --quiet --python $(PYTHON) --no-deps -e .
	@touch $@

setup: .venv/.installed  ## Make the environment in .venv

check: setup  ## Say what is missing before a run, and how to get it: make check PROFILE=paper
	$(PYTHON) -m sppe_lib.tools.preflight $(PROFILE)

repro: setup  ## Run the pipeline: make repro, or make repro PROFILE=smoke; JOBS=2 runs two stages at once, as smoke does
	@$(PYTHON) -m sppe_lib.config $(PROFILE)
	$(PYTHON) -m $(if $(filter 1,$(JOBS)),dvc repro,sppe_lib.tools.side_by_side $(JOBS))

reproduced: setup  ## After make repro: how far this run is from the committed one; AGAINST=... names another commit
	$(PYTHON) -m sppe_lib.tools.reproduced --profile "$(PROFILE)" --against "$(AGAINST)"

test: setup  ## Run every test, the notebooks among them
	rm -rf $(TEST_OUTPUT)
	$(PYTHON) -m pytest
	SPPE_PROFILE=smoke SPPE_RESULTS=$(TEST_OUTPUT)/results SPPE_FIGURES=$(TEST_OUTPUT)/figures \
	$(PYTHON) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=600 notebooks

lab: setup  ## Open JupyterLab on the notebooks
	$(PYTHON) -m jupyter lab notebooks

search: setup  ## Compare hyper-parameters on the validation split (resumable): make search, or make search PROFILE=smoke
	$(PYTHON) -m sppe_lib.tools.notebooks 03b_search $(if $(PROFILE),profile=$(PROFILE))

pretrain: setup  ## Train the shipped models again (hours; resumable)
	$(PYTHON) -m dvc repro --force --single-item pretrain

lock:  ## Refresh requirements.lock and environment.yml from pyproject.toml
	.venv/bin/uv lock --quiet
	.venv/bin/uv export --quiet --no-emit-project --no-annotate --no-header -o requirements.lock
	$(PYTHON) -m sppe_lib.tools.environment
