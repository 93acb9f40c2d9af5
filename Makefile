# Thin: each target is one command that can be typed by hand. Meson builds, tools/ does the rest.

BUILD    ?= build
PORT     ?= 8443
UPSTREAM ?=
STATE    ?= state
SECONDS  ?= 60

.PHONY: build demo test bench bench-pii bench-policy eval-pii fuzz check format clean deps
.DEFAULT_GOAL := build

deps:
	@tools/install-deps --build

build: deps
	@tools/build release $(BUILD)

# Installs what is missing, builds, starts the gateway and its demo, and shows one request.
demo: build
	@$(BUILD)/gatehouse up --demo --port $(PORT) \
		--state '$(STATE)' $(if $(UPSTREAM),--upstream '$(UPSTREAM)')

test:
	@tools/install-deps --test
	@tools/test-all --build $(BUILD)

bench:
	@tools/install-deps --bench
	@tools/build release $(BUILD)
	@python3 bench/run.py --build $(BUILD)

# Speed and accuracy of the scanner, beside others (docs/pii.md).
bench-pii:
	@tools/install-deps --bench
	@tools/build release $(BUILD)
	@python3 bench/pii.py --build $(BUILD)

bench-policy:
	@tools/install-deps --test
	@tools/bench-policy

eval-pii: build
	@tools/eval-pii --build $(BUILD)

fuzz:
	@tools/install-deps --test
	@tools/build fuzz build-fuzz
	@tools/fuzz-all --build build-fuzz --seconds $(SECONDS)

check:
	@tools/check-floors
	@tools/check-text
	@tools/check-format

format:
	@tools/check-format --fix

clean:
	rm -rf $(BUILD) build-asan build-fuzz tests/e2e/node_modules
