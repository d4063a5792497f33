# Debug builds share .build; every other flavour has a scratch path of its own, since changing flags in one rebuilds all.
SWIFT ?= swift
DEBUG := .build/debug/canary
RELEASE_PATH := .build-release
RELEASE := $(RELEASE_PATH)/release/canary

.PHONY: help build test kill-matrix explore simulate teeth demo release release-check lint reference bench install clean fuzz
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## debug build
	@tools/prerequisites build
	$(SWIFT) build

test: ## install what is missing, build, run every test
	@tools/prerequisites test
	$(SWIFT) build --build-tests
	tools/test

explore: ## visit every state of small worlds, and look for what must never happen
	@tools/prerequisites build
	$(SWIFT) build -c release --scratch-path $(RELEASE_PATH) --product simulator
	$(RELEASE_PATH)/release/simulator explore

kill-matrix: ## lose every process at every write and step, and print the table; ONLY="words of a cell" for a part
	@tools/prerequisites test
	$(SWIFT) build --product canary
	$(SWIFT) build --product kill-matrix
	.build/debug/kill-matrix --workers $(or $(WORKERS),2) $(if $(ONLY),"$(ONLY)")

demo: ## install what is missing, build, roll a good and a slow release on this machine
	@tools/prerequisites demo
	$(SWIFT) build --product canary
	$(DEBUG) demo

release: ## optimised, statically linked Swift runtime
	@tools/prerequisites build
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path $(RELEASE_PATH) --product canary
	@ls -lh $(RELEASE)

# All that is ours but what needs SQLite, YAML or cryptography, which take minutes more to build: an optimiser that
# fails on our code is found here and not by whoever builds a release. About 3 min of processor time from nothing.
release-check: ## whether the optimiser takes the core, the judge, the engine and the readers
	@tools/prerequisites build
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path $(RELEASE_PATH) --target Observers

# One script in three files, whose parameters come in as text.
HOST_SCRIPT := $(addprefix Sources/HostProtocol/Resources/canary-,host.sh stage.sh serve.sh)
lint: ## formatting and shell scripts
	$(SWIFT) format lint --strict --recursive Fuzz Sources Tests Package.swift
	shellcheck tools/fuzz tools/prerequisites tools/reference tools/test .ci/run
	cat $(HOST_SCRIPT) | shellcheck --shell sh --exclude SC2154 -

SEEDS ?= 10000
START ?= 0
JOBS ?= 1
COMMIT = $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
simulate: ## SEEDS=n START=s JOBS=j HOSTS=h: seeds of the simulation, with every promise checked
	@tools/prerequisites build
	$(SWIFT) build -c release --scratch-path $(RELEASE_PATH) --product simulator
	$(RELEASE_PATH)/release/simulator seeds --count $(SEEDS) --start $(START) --jobs $(JOBS) --commit $(COMMIT) \
	  $(if $(HOSTS),--hosts $(HOSTS))

teeth: ## ONLY="bug …" JOBS=j: plant bugs one after the other; each must be found
	@tools/prerequisites build
	$(SWIFT) build -c release --scratch-path .build-teeth -Xswiftc -DPLANTED_BUGS --product simulator
	.build-teeth/release/simulator teeth --jobs $(JOBS) $(if $(ONLY),--only $(ONLY))

reference: build ## write docs/reference from the definitions
	tools/reference $(DEBUG)

bench: release ## start-up, lint and rollout benchmarks, printed
	Benchmarks/run $(RELEASE)

fuzz: ## random input for every reader of foreign data: SECONDS=20 each, TARGET= for one
	@tools/prerequisites build
	tools/fuzz run $(or $(SECONDS),20) $(TARGET)

install: release ## PREFIX=/usr/local
	install -D -m 755 $(RELEASE) $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/canary

clean:
	rm -rf .build .build-*
