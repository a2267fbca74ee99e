# Everything here sets itself up: a Python of 3.11 or later is all it needs.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
SAMPLES ?= sample_files
SESSIONS ?= 8
BROKER_PORT ?= 18830

# Tests start hundreds of Python processes; those that find themselves compiled start in two thirds of the time.
export PYTHONDONTWRITEBYTECODE :=

# Installing, linting, testing and fetching a browser wait for different things.
MAKEFLAGS += --jobs=3

.PHONY: run test pytest test-slow bench bench-full live lint audit browser broker container-tools lock clean

run: .venv/installed ## Write sample files, land them, build and test the marts
	.venv/bin/simrace sample --sessions $(SESSIONS) $(SAMPLES)
	.venv/bin/simrace run $(SAMPLES)

test: lint audit pytest ## Every check

pytest: .venv/tested browser broker ## The tests alone; each worker has a server and a warehouse of its own
	.venv/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-slow: .venv/tested container-tools ## What is slow by nature: docs/slow_tests.md
	.venv/bin/pytest -m slow

bench: .venv/tested ## How fast, how small and how they grow, beside the alternatives: minutes
	.venv/bin/python benchmarks/pipeline.py

bench-full: .venv/tested ## The same at a league's size: an hour
	.venv/bin/python benchmarks/pipeline.py --full

live: .venv/installed broker ## A broker, four simulated cars that send to it, the reader and the server; Ctrl-C ends them
	@PATH="$$PATH:/usr/sbin"; mosquitto -p $(BROKER_PORT) & broker=$$!; sleep 1; \
	.venv/bin/simrace sample --live mqtt://127.0.0.1:$(BROKER_PORT)/pits --cars 4 & cars=$$!; \
	.venv/bin/simrace serve & server=$$!; \
	trap 'kill $$cars $$server $$broker 2>/dev/null; wait' EXIT; trap : INT TERM; \
	.venv/bin/simrace live "mqtt://127.0.0.1:$(BROKER_PORT)/pits/#"

lint: .venv/tested
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/mypy --config-file tests/mypy_windows.ini --cache-dir .mypy_cache/windows
	.venv/bin/lint-imports --no-cache --no-logo
	.venv/bin/python -m tests.lint_sql

audit: .venv/tested ## Known vulnerabilities of what requirements.lock pins; needs a network, and passes without
	.venv/bin/python -m tests.audit

browser: ## Chromium and its driver for the tests of pages, where this may be installed; silent where it is
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; } || true

broker: ## An MQTT broker for the tests of live frames, where it may be installed; silent where it is
	@command -v mosquitto /usr/sbin/mosquitto >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends mosquitto >/dev/null; } || true

container-tools: ## What builds and reads the container in slow tests, where it may be installed; silent where it is
	@command -v buildah >/dev/null && command -v debootstrap >/dev/null && command -v docker-compose >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends buildah debootstrap docker-compose iproute2 >/dev/null; } || true

# What is imported is compiled then; to compile everything first takes longer than the sample files.
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile

.venv/installed: requirements-run.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: https://www.python.org"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes --requirement requirements-run.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

.venv/tested: .venv/installed requirements.lock
	$(PIP) --require-hashes --requirement requirements.lock
	touch $@

# pip takes a pin of `dlt[postgres]` for no pin of `dlt`, which others ask for: with a newer one about, it would end there.
PIN_WITHOUT_EXTRA = function flush() { printf "%s", base; base = "" } \
	/^[^ ]/ { flush(); if (/^[^ ]+\[/) { base = $$0 "\n"; sub(/\[[^]]*\]/, "", base) } print; next } \
	{ print; if (base != "") base = base $$0 "\n" } \
	END { flush() }

# Without the extra aim: its library is not built for every system, and its tests are skipped where it is not installed.
EXTRAS = $(foreach extra,api dashboard docs live lmu ml s3,--extra $(extra))
lock: ## Pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras \
		--upgrade --group dev $(EXTRAS) pyproject.toml --output-file requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras \
		--constraint requirements.lock --group build $(EXTRAS) pyproject.toml --output-file requirements-run.lock
	for engine in sail spark; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --no-strip-extras $$(test $$engine = spark || echo --override simrace/lake/pins/overrides.in) \
		simrace/lake/pins/$$engine.in --output-file simrace/lake/pins/$$engine.lock; done
	cp requirements.lock simrace/orchestration/pins/dagster.lock # so that what both have is of the same version, where that can be
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras \
		simrace/orchestration/pins/dagster.in pyproject.toml --output-file simrace/orchestration/pins/dagster.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--upgrade examples/airflow/airflow.in --output-file examples/airflow/airflow.lock
	for pins in requirements.lock requirements-run.lock simrace/*/pins/*.lock examples/airflow/airflow.lock; do \
		awk '$(PIN_WITHOUT_EXTRA)' $$pins >$$pins.new && mv $$pins.new $$pins || exit 1; done
	for version in 3.11 3.12 3.13; do uv pip compile --quiet --no-deps --python-platform windows --python-version $$version \
		--only-binary :all: requirements.lock >/dev/null || exit 1; done # a wheel for Windows of every pin

clean:
	rm -rf .venv target logs $(SAMPLES)
