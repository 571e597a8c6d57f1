# Everything runs in .venv; uv fills it from requirements.lock, whose hashes are checked, and compiles it once, so that
# no stage has to. Recipes name paths relative to this folder, or as variables of the shell: it may have any name.
PROFILE ?=
AGAINST ?= HEAD
JOBS ?= $(if $(filter-out smoke mini,$(PROFILE)),1,2)
UPGRADE ?=
PYTHON := .venv/bin/python
export PROFILE AGAINST
export SPPE_HOME := $(CURDIR)
export PYTHONPATH := $(CURDIR)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export TOKENIZERS_PARALLELISM := false

IMAGE ?=
INSTRUCTION ?=
export IMAGE INSTRUCTION

.PHONY: help setup photo check repro reproduced test test-all fuzz pages load lint lab search pretrain lock

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements.lock pyproject.toml
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet uv
	.venv/bin/uv pip install --quiet --compile-bytecode --python $(PYTHON) --require-hashes -r requirements.lock
	.venv/bin/uv pip install --quiet --python $(PYTHON) --no-deps -e .
	@touch $@

setup: .venv/.installed  ## Make the environment in .venv

.venv/.photo: .venv/.installed requirements-photo.lock
	.venv/bin/uv pip install --quiet --python $(PYTHON) --no-deps --require-hashes -r requirements-photo.lock
	@touch $@

photo: .venv/.photo  ## Protect, edit and recover a photo: make photo IMAGE=photo.jpg INSTRUCTION="..."; without, an astronaut
	$(PYTHON) -m sppe_lib.tools.notebooks 11_your_photo \
	  $(if $(INSTRUCTION),"instruction=$$INSTRUCTION") $(if $(IMAGE),"image=$$(realpath "$$IMAGE")")

check: setup  ## Say what is missing before a run, and how to get it: make check PROFILE=paper
	$(PYTHON) -m sppe_lib.tools.preflight "$$PROFILE"

repro: setup  ## Run the pipeline: make repro, or make repro PROFILE=smoke; JOBS=2 runs two stages at once, as smoke and mini do
	$(PYTHON) -m sppe_lib.tools.pipeline "$$PROFILE" --jobs $(JOBS)

reproduced: setup  ## After make repro: how far this run is from the committed one; AGAINST=... names another commit
	$(PYTHON) -m sppe_lib.tools.reproduced --profile "$$PROFILE" --against "$$AGAINST"

test: setup  ## Run every test but the long ones, the notebooks among them
	rm -rf results/test
	$(PYTHON) -m pytest
	SPPE_PROFILE=smoke SPPE_RESULTS=results/test/results SPPE_FIGURES=results/test/figures \
	$(PYTHON) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=600 notebooks \
	  $(if $(wildcard .venv/.photo),,--ignore=notebooks/11_your_photo.ipynb)

test-all: test  ## Those, and the long ones: interruptions, a fresh clone, no network (an hour)
	$(PYTHON) -m pytest -m long

fuzz: setup  ## Give every reader ten thousand damaged files
	FUZZ=1000 $(PYTHON) -m pytest tests/test_hostile_files.py -k readers_raise

pages: setup  ## Render the executed notebooks of a run into docs/notebooks: make pages, or make pages PROFILE=smoke
	$(PYTHON) -m sppe_lib.tools.pages $(if $(PROFILE),"$$PROFILE")

load: setup  ## Measure memory as the benchmark grows: 1, 4 and 16 times smoke's
	$(PYTHON) -m sppe_lib.tools.load --output figures/load

lint: setup  ## Check format, style and types
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

lab: setup  ## Open JupyterLab on the notebooks
	$(PYTHON) -m jupyter lab notebooks

search: setup  ## Compare hyper-parameters on the validation split (resumable): make search, or make search PROFILE=smoke
	$(PYTHON) -m sppe_lib.tools.notebooks 03b_search $(if $(PROFILE),"profile=$$PROFILE")

pretrain: setup  ## Train the shipped models again (hours; resumable)
	$(PYTHON) -m dvc repro --force --single-item pretrain

lock: setup  ## Bring requirements.lock and environment.yml up to pyproject.toml, keeping versions: UPGRADE=--upgrade moves them
	.venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --quiet $(UPGRADE) --output-file requirements.lock
	$(PYTHON) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['photo'], sep='\n')" \
	  | .venv/bin/uv pip compile - --no-deps --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --quiet $(UPGRADE) --constraints requirements.lock --output-file requirements-photo.lock
	$(PYTHON) -m sppe_lib.tools.environment
