# The only commands anyone needs to know; CI runs the same ones.

SWIFT_BUILD := swift build --explicit-target-dependency-import-check error
RELEASE := .build/release
SHELL_SCRIPTS := deploy/*.sh Tests/*.sh Tests/EndToEnd/*.sh .ci/run
SWIFT_FOLDERS := Package.swift Sources Tests

.DEFAULT_GOAL := help
.PHONY: help build release demo test lint format bench docs clean deps test-deps

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## build for development
	@$(SWIFT_BUILD)

release: ## build the executables into .build/release
	@$(SWIFT_BUILD) -c release

demo: deps release ## see it work: broker, Bedrock simulator and relay in one process
	@$(RELEASE)/bedrock-relay demo

test: test-deps ## run all tests: Swift's, then end to end against real brokers
	@Tests/run.sh

lint: ## check formatting and scripts
	@swift format lint --strict --recursive $(SWIFT_FOLDERS)
	@shellcheck $(SHELL_SCRIPTS)
	@python3 -m compileall -q Tests deploy

format: ## format the Swift code
	@swift format format --in-place --recursive $(SWIFT_FOLDERS)

bench: deps release ## measure: one table, beside what the libraries alone cost
	@deploy/install-dependencies.sh --test
	@$(RELEASE)/relay-benchmarks

docs: deps ## make the code's documentation with DocC into .build/documentation
	@deploy/make-docs.sh

clean: ## remove everything built, the tests' virtual environment included
	@rm -rf .build .venv

deps: ## install missing system packages (Debian and Ubuntu)
	@deploy/install-dependencies.sh

test-deps: ## install what the tests need
	@deploy/install-dependencies.sh --test
	@Tests/EndToEnd/setup.sh
