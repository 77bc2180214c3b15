# Verbatim's tasks; `make help` lists them. Each installs what it needs on Debian 12 and is quick the second time.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build test check bench fuzz clean packages-build packages-test packages-bench packages-fuzz venv

SWIFT ?= swift
ARGS ?=
FUZZ_SECONDS ?= 60
# One after another: the tests of a target run side by side, and those of all at once would take each other's time.
TEST_TARGETS := VerbatimModelTests ProvidersTests DatabasesTests HTTPTests RedisTests VerbatimStoreTests VerbatimServerTests CrashTests
# Several times what the longest takes: a suite that hangs is to be named, rather than what waits for it.
SUITE_MINUTES := 25
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH := 12
RELEASE := .build/release/verbatim
WARNINGS_AS_ERRORS := -Xswiftc -warnings-as-errors -Xcxx -Wall -Xcxx -Wextra -Xcxx -Werror

help: ## list these tasks
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: build ## build, then serve on http://127.0.0.1:10000 (ARGS='--port 8080')
	@exec $(RELEASE) serve $(ARGS)

build: packages-build ## build .build/release/verbatim
	$(SWIFT) build -c release --product verbatim --static-swift-stdlib

test: packages-test venv ## run every test; the crash rounds come last
	$(SWIFT) build --build-tests
	.venv/bin/python Scripts/check-examples.py .build/debug/verbatim README.md Documentation/api.md
	Scripts/check-embedding.sh
	set -e; for suite in $(TEST_TARGETS); do \
	  echo "== $$suite"; \
	  timeout --foreground $(SUITE_MINUTES)m $(SWIFT) test --skip-build --disable-xctest --filter "^$$suite\." \
	    || { code=$$?; [ $$code != 124 ] || echo "$$suite has not ended within $(SUITE_MINUTES) minutes"; exit $$code; }; \
	done

check: packages-test ## format lint, import check, warnings as errors
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Examples
	Scripts/check-imports.sh
	$(SWIFT) build --build-tests --scratch-path .build/check $(WARNINGS_AS_ERRORS)

bench: build packages-bench ## measure against the peers (QUICK=1 for a short look)
	$(SWIFT) build -c release --product append-load --static-swift-stdlib
	$(SWIFT) build -c release --product day-load --static-swift-stdlib
	$(SWIFT) build -c release --product search-load --static-swift-stdlib
	$(SWIFT) build -c release --product redaction-load --static-swift-stdlib
	Benchmarks/run.sh

fuzz: packages-fuzz ## fuzz the C++ parsers (FUZZ_SECONDS=60 each)
	$(MAKE) -C Fuzz run SECONDS=$(FUZZ_SECONDS)

clean: ## remove what was built; data/ stays
	rm -rf .build .venv

packages-build packages-test packages-bench packages-fuzz: packages-%:
	@Scripts/install-packages.sh $*

venv: packages-test
	@Scripts/python-environment.sh .venv Scripts/packages/python.txt
