# Everything that is done with this repository. `make` alone prints what there is: the text behind each ##.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Without PYTHON, .venv as it is; a new one is of the newest of 3.11 to 3.14 that is there.
PYTHON ?=
# `unexport` makes a variable that is unset an empty one, which `?=` would leave so: PORT has its value before it.
PORT := $(or $(PORT),8080)
# What this make was told is not for those that tests start: they would make the environment anew under the tests' feet.
unexport PYTHON PORT
# INSTALL=yes is said to `make up`; below, INSTALL is how packages get into an environment.
INSTALL_ALL := $(filter yes,$(INSTALL) $(patsubst INSTALL=%,%,$(MAKEOVERRIDES)))
MAKEOVERRIDES :=
SECONDS ?= 60
IMAGE ?= darkroom:dev
# What builds a container where no Docker engine answers: a command that takes CONTEXT and TAG. Buildah's own format has no HEALTHCHECK.
IMAGE_BUILD ?= $(wildcard ../shared/bin/image-build)
SEEDS ?= 1 2 3
CLOUDS ?= gs s3
MUTATIONS ?= no_second_look no_compare kinds_are_trusted versions_do_not_count a_mismatch_is_poison \
	failures_are_acknowledged
BIN := .venv/bin
TYPED := main.py core storage catalog service functions tools bench fuzz
APP := .venv/.app
DEV := .venv/.dev
FUZZ := .venv/.fuzz
STACK := .venv/.stack
OLDEST := .venv-oldest
TRAIN := .venv-train
CHECKOV := .venv-checkov
PEERS := .venv-peers
BEAM := .venv-beam
override INSTALL := -m pip install --quiet --disable-pip-version-check
# One lock for all versions of Python and all systems; ARGS="--upgrade" or "--upgrade-package numpy" lets newer ones in.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock"
GO := go -C clients/go

.PHONY: help run batch models test test-oldest check docs image image-test beam-test infra-test prove-infra deploy deploy-aws bench bench-against bench-peers fuzz prove-batch prove-buckets prove-buckets-mutations prove-cost prove-fuzz prove-hostile prove-live prove-memory prove-overload prove-plans prove-privacy prove-restarts prove-schemathesis prove-slow-clients prove-transcode goldens train-layouts train-shapes lock format up down image-size sbom dist dist-go prove-pictures

help: ## print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

# --- environments: a stamp file each, so that a warm run costs nothing ---

%/pyvenv.cfg: FORCE
	@tools/venv $* $(PYTHON)

$(OLDEST)/pyvenv.cfg: FORCE
	@tools/venv $(OLDEST) oldest

FORCE:

%/.app: requirements.txt %/pyvenv.cfg
	@echo "Installing the packages of requirements.txt into $*, for $$($*/bin/python --version)."
	@$*/bin/python $(INSTALL) --require-hashes --requirement requirements.txt
	@touch $@

# YAML's reader alone, of the lock of what is for development, so that `make up` need not install the rest.
$(STACK): requirements-dev.txt $(APP)
	@$(BIN)/python $(INSTALL) --require-hashes --no-deps --requirement <(sed -n '/^pyyaml==/,/[^\\]$$/p' requirements-dev.txt)
	@touch $@

%/.dev: requirements-dev.txt clients/python/pyproject.toml %/.app
	@echo "Installing the packages of requirements-dev.txt into $*."
	@$*/bin/python $(INSTALL) --require-hashes --requirement requirements-dev.txt
	@$*/bin/python $(INSTALL) --no-deps --editable clients/python
	@touch $@

$(FUZZ): requirements-fuzz.txt $(DEV)
	@$(BIN)/python $(INSTALL) --require-hashes --requirement requirements-fuzz.txt
	@touch $@

$(TRAIN)/.done: requirements-train.txt $(TRAIN)/pyvenv.cfg
	@$(TRAIN)/bin/python $(INSTALL) --require-hashes --requirement requirements-train.txt
	@touch $@

# The lock is whole; without --no-deps pip would hold Beam to the bounds that requirements-beam.override sets aside.
$(BEAM)/.done: requirements-beam.txt $(BEAM)/pyvenv.cfg
	@echo "Installing the packages of requirements-beam.txt into $(BEAM)."
	@$(BEAM)/bin/python $(INSTALL) --require-hashes --no-deps --requirement requirements-beam.txt
	@touch $@

# Beam's portable runner, of the version that is locked: 870 MB of Go's modules, once.
$(BEAM)/bin/prism: $(BEAM)/.done
	@echo "Building Prism, Apache Beam's portable runner, into $(BEAM): two minutes or more."
	@version=$$(sed -n 's/^apache-beam==\([0-9.]*\).*/\1/p' requirements-beam.txt); \
	GOFLAGS= GOBIN="$(CURDIR)/$(BEAM)/bin" go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$$version"
	@touch $@

.PRECIOUS: %/pyvenv.cfg %/.app %/.dev

# --- serve ---

# What is dropped into inbox/ becomes, by rules.toml, something in outbox/; requests may read and write both.
LOCAL := DARKROOM_FILES="$${DARKROOM_FILES:-$(CURDIR)}" DARKROOM_RESULTS="$${DARKROOM_RESULTS:-file://outbox}" \
	DARKROOM_RULES="$${DARKROOM_RULES:-rules.toml}" DARKROOM_WATCH="$${DARKROOM_WATCH:-file://inbox}" \
	DARKROOM_SOURCES="$${DARKROOM_SOURCES:-file://inbox/ file://outbox/ file://docs/img/}" \
	DARKROOM_TARGETS="$${DARKROOM_TARGETS:-file://inbox/ file://outbox/}" \
	DARKROOM_LOCAL_WRITES="$${DARKROOM_LOCAL_WRITES:-true}"

run: $(APP) ## serve http://127.0.0.1:8080 (PORT=…) by functions-framework, and watch inbox/
	@$(LOCAL) PORT=$(PORT) $(BIN)/python -m functions.server.local

# By a container engine if one answers, else as plain processes; both read compose.yaml. What is dropped into inbox/ is its owner's.
ENGINE := docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1

up: ## serve all of it on this machine: app, buckets, MongoDB, Prometheus, Grafana (INSTALL=yes: and install what is missing)
	@$(ENGINE) || $(MAKE) $(STACK)
	@if $(ENGINE); then mkdir -p inbox outbox; PORT=$(PORT) OWNER=$$(id -u):$$(id -g) docker compose up --build --detach; \
	else PORT=$(PORT) INSTALL=$(firstword $(INSTALL_ALL)) $(BIN)/python -m tools.stack up; fi

down: ## end what `make up` started
	@if $(ENGINE); then PORT=$(PORT) docker compose down; elif [[ -e $(STACK) ]]; then $(BIN)/python -m tools.stack down; fi

# FROM and TO are folders or addresses; ARGS="--dry-run" says what it would take.
FROM ?= inbox
TO ?= outbox/batch
PIPELINE ?= resize:1600
batch: $(APP) ## process every picture below FROM into TO by PIPELINE=resize:1600, once (ARGS="--dry-run", "--help")
	@$(BIN)/python -m functions.jobs.batch --from "$(FROM)" --to "$(TO)" --pipeline "$(PIPELINE)" $(ARGS)

models: $(APP) ## fetch models: NAMES="yolox_nano faces", from upstream or MODELS_FROM=folder; without NAMES, list them
	@$(if $(MODELS_FROM),DARKROOM_MODELS_FROM="$(MODELS_FROM)") $(BIN)/python -m functions.jobs.models $(NAMES)

# --- prove ---

test: $(DEV) ## every test, of the server and of both clients (ARGS="-k blur" for some)
	-@tools/need chromium chromium chromium-browser google-chrome
	-@tools/need curl curl
	-@tools/need prometheus prometheus
	-@tools/need bubblewrap bwrap
	-@tools/need nodejs node
	-@tools/need npm npm
	@$(BIN)/python -m tools.emulators build
	$(BIN)/pytest -m "not container and not infra and not beam" $(ARGS)
	$(GO) test ./...

test-oldest: $(OLDEST)/.dev ## types, tests/core and tests/storage on the oldest Python that is there
	@$(OLDEST)/bin/python -m tools.emulators build
	$(OLDEST)/bin/mypy $(TYPED)
	$(OLDEST)/bin/pytest tests/core tests/storage $(ARGS)

check: $(DEV) ## lint, types, contracts, drift of the generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/mypy --config-file pyproject.toml clients/python/darkroom_client
	$(BIN)/lint-imports
	@dirty=$$(gofmt -l clients/go); if [[ -n $$dirty ]]; then echo "gofmt: $$dirty" >&2; exit 1; fi
	$(GO) vet ./...
	$(BIN)/python -m tools.make_docs --check

docs: $(DEV) ## write docs/filters.md, http.md, settings.md and cli.md by running the code, and screenshots of the pages
	$(BIN)/python -m tools.make_docs
	@tools/need chromium chromium chromium-browser google-chrome
	$(BIN)/python -m tools.screenshots

goldens: $(DEV) ## write the golden pictures that are missing; look at each before you commit it
	WRITE_GOLDENS=1 $(BIN)/pytest -q tests/core/filters/test_goldens.py

format: $(DEV) ## let ruff and gofmt put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	gofmt -w clients/go

# --- the container ---

image: ## build the container IMAGE (darkroom:dev), by Docker or by IMAGE_BUILD
	@if docker info >/dev/null 2>&1; then docker build --tag $(IMAGE) .; \
	elif [[ -n "$(IMAGE_BUILD)" ]]; then BUILDAH_FORMAT=docker $(IMAGE_BUILD) . $(IMAGE); \
	else echo "No Docker engine answers. Name another builder: make image IMAGE_BUILD=command (it takes CONTEXT TAG)." >&2; exit 1; fi

image-size: $(APP) ## how large the built image is, beside the packages that it installs, and one WITHOUT_VISION=… beside it
	@$(BIN)/python -m tools.image_size $(IMAGE) $(WITHOUT_VISION)

image-test: $(DEV) ## run the built image read-only under another uid against the contract suite
	@tools/need bubblewrap bwrap
	DARKROOM_TEST_IMAGE=$(IMAGE) $(BIN)/pytest -m container tests/test_container.py tests/test_container_lambda.py $(ARGS)

# --- batches on Apache Beam ---

beam-test: $(DEV) $(BEAM)/.done ## the batch on Apache Beam beside processes, and its tables as Parquet
	$(BIN)/pytest -q -m beam tests/functions/jobs/test_beam.py $(ARGS)

# --- what is published ---

sbom: $(DEV) ## write dist/darkroom.cdx.json, the CycloneDX list of the packages that the server installs
	@mkdir -p dist
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m tools.sbom >dist/darkroom.cdx.json

dist: $(DEV) ## the Python client's wheel and sdist, into dist/client
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir dist/client clients/python

# Paths and build ids are left out, so that whoever builds the tag again gets the same bytes.
TARGETS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64
dist-go: ## the Go client for Linux, macOS and Windows, into dist/go (TARGETS="linux/amd64" for one)
	@for target in $(TARGETS); do \
	os=$${target%/*} arch=$${target#*/}; suffix=; [[ $$os != windows ]] || suffix=.exe; \
	CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags="-s -w -buildid=" -o ../../dist/go/darkroom-$$os-$$arch$$suffix . || exit 1; done
	@cd dist/go && sha256sum darkroom-* >SHA256SUMS

# --- infra/: Terraform ---

EXAMPLE ?= minimal

$(CHECKOV)/.done: requirements-checkov.txt $(CHECKOV)/pyvenv.cfg
	@echo "Installing the packages of requirements-checkov.txt into $(CHECKOV)."
	@$(CHECKOV)/bin/python $(INSTALL) --require-hashes --requirement requirements-checkov.txt
	@touch $@

infra-test: $(DEV) $(CHECKOV)/.done ## check infra/ against the providers' schemas: fmt, validate, terraform test, our rules, planted mistakes
	@command -v terraform >/dev/null || { echo "This needs Terraform 1.9 or newer: https://developer.hashicorp.com/terraform/install" >&2; exit 1; }
	$(BIN)/python -m tools.terraform test
	$(CHECKOV)/bin/checkov --directory infra --config-file infra/.checkov.yaml
	$(BIN)/pytest -q -m infra tests/infra $(ARGS)

prove-infra: $(DEV) $(CHECKOV)/.done ## the same by OpenTofu (built in 15 minutes) and a real AWS provider too, every mistake, and the schemas made anew
	@command -v terraform >/dev/null || { echo "This needs Terraform 1.9 or newer: https://developer.hashicorp.com/terraform/install" >&2; exit 1; }
	$(BIN)/python -m tools.terraform prove
	DARKROOM_TEST_INFRA=all $(BIN)/pytest -q -m infra tests/infra $(ARGS)

deploy: ## deploy EXAMPLE=minimal to Google Cloud: PROJECT=… [REGION=… ARGS="-var …"]; shows each plan, and asks
	@PROJECT="$(PROJECT)" REGION="$(REGION)" IMAGE="$(IMAGE)" infra/deploy gcp $(EXAMPLE) $(ARGS)

deploy-aws: ## deploy EXAMPLE=minimal to AWS: [REGION=… ARGS="-var …"]; shows each plan, and asks
	@REGION="$(REGION)" IMAGE="$(IMAGE)" infra/deploy aws $(EXAMPLE) $(ARGS)

# --- the long forms ---

fuzz: $(FUZZ) ## atheris on decode and parse, SECONDS=60 each; FORMAT=tiff begins with the pictures of one reader
	$(BIN)/python -m fuzz decode --seconds $(SECONDS) $(if $(FORMAT),--only $(FORMAT))
	$(BIN)/python -m fuzz parse --seconds $(SECONDS)

prove-fuzz: ## ten minutes of fuzzing each, then of each reader
	$(MAKE) fuzz SECONDS=600
	@for format in $$($(BIN)/python -c 'from core import codecs; print(*codecs.FORMATS)'); do \
	$(BIN)/python -m fuzz decode --seconds 600 --only $$format || exit 1; done

prove-schemathesis: $(DEV) ## 1,000 schemathesis cases with strategies, then 1,000 with raw strings and bytes
	SCHEMATHESIS_CASES=1000 $(BIN)/pytest --timeout=3600 tests/functions/test_schemathesis.py

prove-privacy: $(DEV) ## 20,000 random chains that hide, and 5,000 requests whose ETags and neighbours are compared
	$(BIN)/python -m tests.core.privacy --chains 20000
	IDENTITY_REQUESTS=5000 $(BIN)/pytest -q --timeout=7200 tests/functions/identity tests/core/test_neighbours.py

prove-cost: $(DEV) ## 200 random requests: work within ± 50 % of what is declared for nine of ten, memory for all
	$(BIN)/python -m tests.core.cost --pipelines 200

prove-plans: $(DEV) ## 20,000 random pipelines over 40 pictures, by the planner's rules and by none (ARGS="--pipelines 2000")
	$(BIN)/python -m tests.core.planner $(ARGS)

prove-transcode: $(DEV) ## JPEG to JPEG XL and back, bit by bit: all JPEGs at hand, and 200 made by four encoders
	$(BIN)/python -m tests.core.transcode $(ARGS)

prove-slow-clients: $(DEV) ## that silent and slow clients hold nobody up, each kind for 20 s and all at once (ARGS="--seconds 60")
	$(BIN)/python -m tests.functions.server.proofs.slow_clients $(ARGS)

prove-live: $(DEV) ## 10,000 frames through one web socket: neither speed nor memory drift (ARGS="--frames 2000")
	$(BIN)/python -m tests.functions.server.proofs.live $(ARGS)

prove-restarts: $(DEV) ## 20 restarts under load, of which no request and no connection notices
	$(BIN)/python -m tests.functions.server.proofs.restarts --restarts 20

prove-hostile: $(DEV) ## hundreds of hostile bodies through every door, each judged by the CPU and memory it costs (ARGS="--only gif")
	$(BIN)/python -m tests.hostile $(ARGS)

prove-pictures: $(DEV) ## what we read of 839 real files beside a browser, OpenCV, Pillow and tifffile; each difference with who is right
	-@tools/need chromium chromium chromium-browser google-chrome
	$(BIN)/python -m tests.judges $(ARGS)

# Three seeds on both clouds, then each mutation of the handler, which must be seen.
prove-buckets: $(DEV) ## what docs/buckets.md promises: 2,000 deliveries, faults and kills; SEEDS="1 2 3" CLOUDS="gs s3"
	@for cloud in $(CLOUDS); do for seed in $(SEEDS); do \
	$(BIN)/python -m tools.chaos $$cloud --seed $$seed || exit 1; done; done
	@$(MAKE) prove-buckets-mutations

prove-buckets-mutations: $(DEV) ## that each broken rule of the event handler turns that test red
	@for mutation in $(MUTATIONS); do \
	$(BIN)/python -m tools.chaos gs --deliveries 600 --objects 260 --kills 6 --deletes 70 --mutation $$mutation || exit 1; done

prove-batch: $(DEV) $(BEAM)/bin/prism ## 20,000 objects through processes, tasks and Beam: same results; killed 10 times; memory; forecast (ARGS="--objects 2000")
	$(BIN)/python -m tests.batch $(ARGS)

prove-overload: $(DEV) ## 3 and 10 times the load that one core bears, five minutes each, under both servers (ARGS="--seconds 30")
	$(BIN)/python -m tests.overload load $(ARGS)

prove-memory: $(DEV) ## ten pictures of 50 megapixels at once in a control group of 1 GiB, 20 times, and 100 megapixels in 512 MiB; needs root
	$(BIN)/python -m tests.overload memory $(ARGS)

bench: $(DEV) ## the table of docs/benchmarks.md: PART=http|memory|formats|cost|curves|imports|sight|catalog|buckets|render|keys|live|worker|start|watch|pages|plan for one
	$(BIN)/python -m bench $(PART)

$(PEERS)/.done: requirements-peers.txt $(PEERS)/pyvenv.cfg
	@$(PEERS)/bin/python $(INSTALL) --require-hashes --requirement requirements-peers.txt
	@touch $@

bench/peers/node/node_modules/.package-lock.json: bench/peers/node/package-lock.json
	@npm ci --silent --no-audit --no-fund --prefix bench/peers/node
	@touch $@

bench-peers: $(DEV) $(PEERS)/.done bench/peers/node/node_modules/.package-lock.json ## thumbor, ipx, sharp, pyvips and OpenCV beside us, in interleaved rounds (ARGS="--only 512")
	$(BIN)/python -m bench.peers $(ARGS)

bench-against: $(DEV) ## this tree beside a commit, in interleaved rounds: BASE=commit (ARGS="--only resize", "--imports")
	$(BIN)/python -m bench.compare $(BASE) $(ARGS)

train-shapes: $(TRAIN)/.done ## train the detector of drawn shapes anew: under 10 minutes, after 3 GB of torch (ARGS=--help)
	$(TRAIN)/bin/python -m tools.train_shapes $(ARGS)

train-layouts: $(TRAIN)/.done ## train the small networks of other layouts anew, and the model of shapes' styles: under 10 minutes
	$(TRAIN)/bin/python -m tools.train_layouts $(ARGS)

# --- upkeep ---

lock: $(DEV) ## resolve requirements*.in into requirements*.txt, with markers and hashes
	@for one in requirements requirements-dev requirements-fuzz requirements-train requirements-checkov requirements-peers; do \
	$(LOCK) $(ARGS) --output-file $$one.txt $$one.in || exit 1; done
	@$(LOCK) $(ARGS) --override requirements-beam.override --output-file requirements-beam.txt requirements-beam.in
