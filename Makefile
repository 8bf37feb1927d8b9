# `make help` lists the targets. Everything lives in .venv; nothing is installed outside the folder.
PYTHON ?= python3
PY := .venv/bin/python
UV := .venv/bin/uv
SWEEP ?= default
ARGS ?=
# cpu spares a laptop the CUDA wheels; cu128, cu130, ... choose a CUDA; empty takes what the package index has. The lock's
# hashes are those of the package index, so another backend's wheels are not verified.
TORCH_BACKEND ?=
INSTALL = $(UV) pip install --quiet --python $(PY) --constraint requirements.lock \
	$(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND) --no-verify-hashes)

# one process a core, one thread a process
PYTEST = OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test test-all test-faults check format sweep bench bench-search docs bench-gpu lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.installed  ## make .venv and install the exact versions (TORCH_BACKEND=cpu without CUDA)

setup-dev: .venv/.installed-dev  ## the same, with what tests and checks need

demo: setup  ## train on drawn garments for less than three minutes, sample, record, and show how to find it
	$(PY) train.py experiment=demo $(ARGS)
	$(PY) search.py "demo on garments, newest first" --limit 5

test: setup-dev  ## the quick tests
	$(PYTEST) -m "not slow" $(ARGS)

test-all: setup-dev  ## all tests; DIFFUSIONLAB_DATA_DIR names the folder of the real data sets
	$(PYTEST) $(ARGS)

test-faults: setup-dev  ## the tests that kill processes, fill disks and break files, quick and slow (15 minutes)
	$(PYTEST) -m faults $(ARGS)

check: setup-dev  ## lint, formatting, types, and import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup-dev  ## put the code into its usual form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

sweep: setup  ## a grid of short runs, best first (SWEEP=name from conf/sweep, ARGS='data=cifar_catdog')
	$(PY) train.py sweep=$(SWEEP) $(ARGS)

bench: .venv/.installed .venv-peers/.installed  ## training, loading, sampling, starting, beside peers (QUICK=1: three minutes)
	.venv-peers/bin/python experiments/benchmarks/bench.py --out outputs/bench $(if $(QUICK),--quick) $(ARGS)

bench-search: .venv/.installed .venv-mlflow/.installed  ## registry and search against MLflow, on a quiet machine (minutes)
	$(PY) experiments/search_benchmark/bench.py --mlflow-python .venv-mlflow/bin/python
	$(PY) experiments/search_benchmark/bench.py --runs 10000
	$(PY) experiments/search_benchmark/bench.py --runs 100000

docs: setup-dev  ## build the documentation into site/, without warnings
	PYTHONPATH=src NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet --strict

bench-gpu: setup  ## check and measure hardware=gpu on this machine's card in eight minutes (ARGS=--miniature without one)
	$(PY) experiments/benchmarks/gpu.py --out outputs/bench-gpu $(ARGS)

lock: .venv/.uv  ## resolve the versions anew
	$(UV) pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
		--no-emit-index-url --generate-hashes --upgrade pyproject.toml --output-file requirements.lock

clean:  ## remove .venv and caches; runs and registry stay
	rm -rf .venv .venv-mlflow .venv-peers site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/.uv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet uv
	@touch $@

.venv/.installed: .venv/.uv .venv/.backend-$(TORCH_BACKEND) pyproject.toml requirements.lock
	$(INSTALL) --editable .
	@touch $@

# another backend than before: its wheels have the same version, so they must be asked for
.venv/.backend-$(TORCH_BACKEND): .venv/.uv
	$(if $(TORCH_BACKEND),$(INSTALL) --reinstall-package torch --reinstall-package torchvision torch torchvision)
	@rm -f .venv/.backend-* && touch $@

# the peers' own packages alone: torch and the lab are those of .venv, so that both sides run on the same
.venv-peers/.installed: .venv/.installed
	$(PYTHON) -m venv .venv-peers
	$(UV) pip install --quiet --python .venv-peers/bin/python --no-deps diffusers==0.36.0 huggingface-hub==2.4.0 \
		importlib-metadata==10.2.0 zipp==4.1.2 regex==2026.11.19 denoising-diffusion-pytorch==2.3.4 einops==0.8.2 \
		ema-pytorch==0.8.3 accelerate==1.15.0 pytorch-fid==0.3.0 smalldiffusion==0.5.0
	$(PY) -c 'import site; print("import site; site.addsitedir(" + repr(site.getsitepackages()[0]) + ")")' \
		> .venv-peers/lab.pth
	mv .venv-peers/lab.pth .venv-peers/lib/python*/site-packages/
	@touch $@

# MLflow gets an environment of its own: it brings pandas, which would slow every import of lancedb in ours
.venv-mlflow/.installed: .venv/.uv
	$(PYTHON) -m venv .venv-mlflow
	$(UV) pip install --quiet --python .venv-mlflow/bin/python mlflow
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(INSTALL) --editable '.[dev]'
	@touch $@
