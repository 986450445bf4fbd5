# `make demo` shows what it does, `make docs` builds the documentation site, `make check` is for every change,
# `make test` is all that CI runs. Each makes the environment that it needs, with what locks/ holds.
PYTHON ?= python3
VENV ?= .venv
DEV ?= .venv-dev
N ?= 5
BIN = $(VENV)/bin
PIP = -m pip --quiet --disable-pip-version-check
DEMO_LOCKS = locks/build.txt locks/base.txt locks/local.txt
DEV_LOCKS = $(DEMO_LOCKS) locks/extras.txt locks/dev.txt
FOLDERS = $(shell find agent evals prompts -type d -not -name __pycache__)

.PHONY: demo dev docs check test lock clean

demo: $(VENV)/.demo
	@mkdir -p demo
	@$(BIN)/papercards enrich evals/corpus/hf-papers-listing.txt -m local/qwen2.5-coder-1.5b --limit $(N) -o demo/cards.jsonl -o demo/cards.md
	@$(BIN)/papercards show demo/cards.jsonl
	@echo "cards: demo/cards.jsonl   page: demo/cards.md"

$(VENV)/.demo: pyproject.toml $(DEMO_LOCKS) $(FOLDERS) $(wildcard agent/*.py agent/*/*.py agent/data/* evals/*.py prompts/*)
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install --require-hashes $(DEMO_LOCKS:%=-r %)
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --force-reinstall .
	@touch $@

# An environment to work in; after a file is added, moved or removed it is linked again.
dev: $(DEV)/.linked

$(DEV)/.locked: $(DEV_LOCKS)
	@test -d $(DEV) || $(PYTHON) -m venv $(DEV)
	@$(DEV)/bin/python $(PIP) install --require-hashes $(DEV_LOCKS:%=-r %)
	@touch $@

$(DEV)/.linked: $(DEV)/.locked pyproject.toml $(FOLDERS)
	@$(DEV)/bin/python $(PIP) install --no-deps --no-build-isolation -e . --config-settings editable_mode=strict
	@touch $@

# The documentation site; open site/index.html.
docs: dev
	@$(DEV)/bin/python -m zensical build --strict

check: dev
	@bash .ci/check $(DEV)

test:
	@bash .ci/run

# After a change of constraints.txt or of what pyproject.toml needs.
lock:
	@.ci/lock

clean:
	rm -rf $(VENV) $(DEV) .venv-ci build dist demo site *.egg-info
