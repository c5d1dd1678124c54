# The front door. `make` alone prints what there is.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
SPREAD ?= -n 2 --dist loadscope

KAFKA  := .cache/kafka/lib

.PHONY: help
help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.ready ## make .venv from the hashed requirements, and install Throughgate into it

# Made anew when what it was made from has changed, brought up to date when only time stamps have.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@if [ -f $(VENV)/requirements.txt ] && ! cmp -s requirements/dev.txt $(VENV)/requirements.txt; then \
		$(PYTHON) -m venv --clear $(VENV); \
	else \
		$(PYTHON) -m venv $(VENV); \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@cp requirements/dev.txt $(VENV)/requirements.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/.ready ## play the whole story on this machine; ends 0 only if everything held
	$(BIN)/throughgate demo $(ARGS)

.PHONY: up
up: $(VENV)/.ready ## run everything on this machine until Ctrl-C
	$(BIN)/throughgate up $(ARGS)

.PHONY: test
test: $(VENV)/.ready ## run the tests (ARGS="-k consent" for some); with Apache Kafka too if `make kafka` was run
	$(BIN)/python -m pytest $(SPREAD) tests/unit tests/architecture tests/contract $(ARGS)
	$(BIN)/python -m pytest $(SPREAD) tests/integration $(ARGS)
	$(BIN)/python -m pytest $(SPREAD) tests/system -m "not slow" $(ARGS)

.PHONY: bulk
bulk: $(VENV)/.ready ## a hundred thousand lines of bulk beside single pushes
	$(BIN)/python -m pytest tests/system -m slow $(ARGS)

.PHONY: referral-walk
referral-walk: $(VENV)/.ready ## walk referrals over two senders and two receivers (EXAMPLES=40 STEPS=30 for the long run)
	EXAMPLES=$${EXAMPLES:-40} STEPS=$${STEPS:-30} $(BIN)/python -m pytest tests/system/test_referral_walk.py -s $(ARGS)

.PHONY: plugs
plugs: $(VENV)/.ready ## the short forms of faults, races, isolation, bad input and privacy; about ten minutes
	$(BIN)/python -m pytest $(SPREAD) tests/faults tests/isolation tests/badinput tests/privacy -k "not a_million_lines" $(ARGS)

.PHONY: faults
faults: $(VENV)/.ready ## walk every crash point of every service, then kill at random (KILLS=200); about an hour
	FAULTS=long KILLS=$${KILLS:-200} $(BIN)/python -m pytest tests/faults -s --ignore tests/faults/mutations --ignore tests/faults/test_withdrawal_races.py $(ARGS)

.PHONY: races
races: $(VENV)/.ready ## withdrawals against everything else at once (RACES=400 persons)
	RACES=$${RACES:-400} $(BIN)/python -m pytest tests/faults/test_withdrawal_races.py -s $(ARGS)

.PHONY: mutations
mutations: $(VENV)/.ready ## break the code on purpose, one listed place at a time; each suite must go red (ARGS=name for one)
	$(BIN)/python -m tests.faults.mutations.run $(ARGS)

.PHONY: isolation
isolation: $(VENV)/.ready ## try to learn what one may not know (a million requests, over an hour; REQUESTS=20000 for a walk)
	$(BIN)/python -m pytest tests/isolation --ignore tests/isolation/test_walk.py $(ARGS)
	seq $${SEED:=$$(date +%s)} $$(($$SEED + ($(or $(REQUESTS),1000000) - 1) / 20000)) | \
		xargs -P 2 -I {} env SEED={} REQUESTS=20000 $(BIN)/python -m pytest tests/isolation/test_walk.py -q -s $(ARGS)

.PHONY: badinput
badinput: $(VENV)/.ready ## bodies with one thing wrong at the gateways (REQUESTS=100000 for the long run)
	REQUESTS=$(or $(REQUESTS),10000) $(BIN)/python -m pytest tests/badinput $(ARGS)

.PHONY: privacy
privacy: $(VENV)/.ready ## a full run with marked people; then look for them where they must not be
	$(BIN)/python -m pytest tests/privacy $(ARGS)

.PHONY: load
load: $(VENV)/.ready ## the top, then MINUTES=10 at 70 % of it; overload; the slow and the dead (MINUTES=0 for the short form)
	MINUTES=$(or $(MINUTES),10) $(BIN)/python -m pytest tests/load -s $(ARGS)

.PHONY: supply
supply: $(VENV)/.ready ## write build/sbom.cdx.json; look up advisories (ADVISORIES=url of a mirror that speaks OSV)
	$(BIN)/python -m throughgate.supply

.PHONY: check
check: $(VENV)/.ready supply ## lint, format, types, who may import whom, dead code, generated contracts, SBOM, advisories
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/python -m throughgate.contracts_gen --check
	$(BIN)/python -m throughgate.contracts_gen.compat

.PHONY: schemas
schemas: $(VENV)/.ready ## write the JSON Schemas, OpenAPI documents and asyncapi.yaml again
	$(BIN)/python -m throughgate.contracts_gen

.PHONY: kafka
kafka: $(KAFKA)/.ready ## fetch Apache Kafka for the tests marked for it (needs Java 17 and Maven)

$(KAFKA)/.ready: tests/support/kafka/pom.xml
	@rm -rf $(KAFKA)
	mvn --quiet --batch-mode -f $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(KAFKA)
	@touch $@

.PHONY: requirements
requirements: $(VENV)/.ready ## compile requirements/*.txt from the *.in again (UPGRADE=1 for newer versions)
	@for name in build runtime local dev; do \
		UV_CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url $(if $(UPGRADE),--upgrade) \
			requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

.PHONY: clean
clean: ## remove everything that make can make again; data folders stay
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
