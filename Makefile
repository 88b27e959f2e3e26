# Two commands need nothing but Python 3.10+ and git: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than cores, as tests also wait: for servers, child processes, files.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(8, 1 + os.cpu_count()))')

.PHONY: demo test test-docs test-e2e lint format tables notebooks docs bench clean

demo: $(VENV)/.installed
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/zoo quickstart --out demo-output

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

# Runs the code of README and documentation, and builds the site.
test-docs: $(VENV)/.installed-docs
	$(BIN)/python -m pytest -q -n 2 --dist load -m documentation tests/docs

# The demo page in a browser, for which Debian's Chromium is installed where there is none.
test-e2e: $(VENV)/.installed-dev
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[demo]' 'playwright>=1.49'
	@command -v chromium >/dev/null || { sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
	  $$sudo apt-get update -q && $$sudo apt-get install -qy chromium; }
	$(BIN)/python -m pytest -q tests/e2e

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python benchmarks/readme_tables.py --check

tables: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/readme_tables.py

# Timings need nothing. Quality needs data of yours: make bench SET5=... CBSD68=... FEATURES=...
# UPSCALERJS=... is the unpacked npm package @upscalerjs/esrgan-slim, a peer of the x4 presets.
bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/train_step.py
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/inference.py $(if $(SET5),--set5 $(SET5))
	$(BIN)/python benchmarks/tflite.py
	$(BIN)/python benchmarks/serving.py --minutes 10
ifdef SET5
	$(BIN)/python benchmarks/quality.py --data Set5=$(SET5) $(if $(CBSD68),--data CBSD68=$(CBSD68)) \
	  $(if $(FEATURES),--features $(FEATURES)) $(if $(UPSCALERJS),--upscalerjs $(UPSCALERJS))
endif
	$(BIN)/python benchmarks/readme_tables.py

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(BIN)/mkdocs build

# Runs the tutorials that have changed and keeps their outputs; 02 to 05 and 09 download a dataset.
notebooks: $(VENV)/.installed-docs
	$(BIN)/python notebooks/build.py

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Debian and Ubuntu ship Python without its venv module: install it where that is the reason.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "keras-gan-zoo needs Python 3.10 or newer; name it with: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "Installing python3-venv, which this Python lacks ..."; \
	  sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
	  $$sudo apt-get update -q && $$sudo apt-get install -qy python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python setup.cfg setup.py
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: $(BIN)/python setup.cfg setup.py
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(VENV)/.installed-dev
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[docs,notebooks]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-dev
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	@touch $@

clean:
	rm -rf $(VENV) demo-output build dist *.egg-info
