# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
N ?= 5
BIN = $(VENV)/bin

.PHONY: demo test clean

demo: $(VENV)/.demo
	@mkdir -p demo
	@$(BIN)/papercards enrich evals/corpus/hf-papers-listing.txt -m local/qwen2.5-coder-1.5b --limit $(N) -o demo/cards.jsonl -o demo/cards.md
	@$(BIN)/papercards show demo/cards.jsonl
	@echo "cards: demo/cards.jsonl   page: demo/cards.md"

$(VENV)/.demo: pyproject.toml $(wildcard agent/*.py agent/*/*.py agent/data/* evals/*.py prompts/*)
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt '.[local]'
	@touch $@

test:
	@bash .ci/run

clean:
	rm -rf $(VENV) .venv-ci build dist demo *.egg-info
