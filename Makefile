# Every target first installs what it needs and is missing; see .ci/set-up.

BIN := .venv/bin
WORKERS := $(shell nproc | awk '{ print $$1 < 4 ? $$1 + 1 : 4 }')
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help demo up examples screenshots test check coverage docs bench interop

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target does; do \
		printf '  make %-10s %s\n' "$$target" "$$does"; done

demo: ## one agreement from data to a verified archive, in a fresh home
	@.ci/set-up run
	@$(BIN)/convenio demo

up: ## start Prefect, runner and portal on loopback; Ctrl-C stops them
	@.ci/set-up run
	@$(BIN)/convenio up

examples: ## every example as DOCX and PDF/A, into out/
	@.ci/set-up run
	@$(BIN)/python -m examples.render out

screenshots: ## every page of the portal in light, dark and phone form, into out/screenshots
	@.ci/set-up test
	@$(BIN)/python -m tests.portal.tour out/screenshots

test: ## all tests
	@.ci/set-up test
	@$(PYTEST)

check: ## lint, format, types, import contracts, dependencies
	@.ci/set-up check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyrefly check --summary=none
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .

coverage: ## all tests, with the branches they miss
	@.ci/set-up test
	@$(PYTEST) --cov --cov-report=term-missing:skip-covered

docs: ## the pages on document types, and the catalogs of the interface, from models, templates and pages
	@.ci/set-up check
	@$(BIN)/python -m docs.pages
	@$(BIN)/python -m docs.messages

bench: ## what the way costs, beside a naive script
	@.ci/set-up run
	@$(BIN)/python -m benchmarks.run

interop: ## what EU DSS, veraPDF and others say of our files, into docs/conformance.md
	@.ci/set-up test
	@$(BIN)/python -m tests.interop
