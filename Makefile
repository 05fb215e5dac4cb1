# Everything this project needs beside Go, git and make is built from pinned
# modules into .cache/, once.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN         := $(CURDIR)/.cache/bin

GOLANGCI_LINT := $(BIN)/golangci-lint-v2.15.0
BENCHSTAT     := $(BIN)/benchstat-v0.0.0-20260908200009-22c9c6c9d4da

# The cluster of the end-to-end tests: the versions are those in the go.mod files of test/tools (test/ci compares them). A
# command is built again under a new version: in a clone every go.mod is newer than what a pipeline has kept.
KUBERNETES := $(BIN)/kubernetes-v1.36.3
GATEKEEPER := $(BIN)/gatekeeper-v3.23.1
HELM       := $(BIN)/helm-v4.3.1

# It tests alerts; the version is that in test/tools/promtool/go.mod.
PROMTOOL := $(BIN)/promtool-v0.316.0

# The race detector wants a C compiler. Where there is none, tests run without it.
RACE := $(if $(shell command -v cc || command -v gcc),-race,)

# It leaves out the ciphers of passwords, which take ten times as long with it and share no memory: scrypt, and blowfish of the
# registries' accounts in the tests.
RACE_FLAGS := $(if $(RACE),-race $(foreach c,scrypt blowfish,-gcflags=golang.org/x/crypto/$(c)=-race=false),)

# These take minutes with the race detector, and run one thing after the other: policies and policytest evaluate Rego,
# which OPA does on one goroutine. What is concurrent in policytest is in its engine, whose tests race. The rotator's
# controllers run in a simulated cluster, second after second. charts and ci drive helm. The others drive the server and
# notation-pki as processes: in test/system, which asks many things at once, the server detects races here too. The longest are first.
DRIVERS := $(addprefix ./test/,system vectors hostile) ./policies ./charts ./cmd/policytest ./cmd/cert-rotator/internal/controllers \
  $(addprefix ./test/,signing openssl ci admission ratify monitoring)

# These start no goroutine and have nothing that guards memory, so the race detector finds nothing and takes two to five times
# as long; test/ci looks into them. No package of the server is among them.
SERIAL := $(addprefix ./cmd/notation-pki/,ca ca/rules internal/bundle internal/inventory internal/unverified) \
  $(addprefix ./cmd/notation-provider/internal/,exception workload) ./cmd/policytest/verdicts \
  $(addprefix ./policies/,generate template) $(addprefix ./test/,bench importrules readme)

# Of these four packages, what takes longest: tests that try one by one everything that a class of mistakes could be, and that attack
# a server or load it for a time. They are no part of make test, which is to be run often.
LONG_IN := ./policies $(addprefix ./test/,hostile openssl system)
LONG    := TestNothingUndefinedAdmits TestNoConditionCanBeTakenAway TestNothingButAPositiveAnswerAdmits TestTheReadmesSnippetsRun \
  TestMemoryUnderAttack TestMemoryThatIsFullUnderAttack TestAbuseIsAnsweredOrHungUpOnAndNothingGrows TestDefaultKeysAndValidity \
  TestNoFaultAtAnyStepDecidesAnythingOrIsRemembered TestEachFileIsRotatedWellAndBadlyUnderLoad TestTheConfigurationIsRotatedUnderLoad \
  TestSettingsChangeUnderLoad
empty   :=
LONG_RE := ^($(subst $(empty) $(empty),|,$(strip $(LONG))))$$

# A raced process sleeps for a second before it ends, for races that others are about to report; a twentieth does.
export GORACE := $(if $(GORACE),$(GORACE),atexit_sleep_ms=50)

# The tests that write and compare what is generated of the chart: its table of values, its list of keys and its plain
# manifests. The manifests come last: they are rendered with that list.
CHART := TestTheReadmeHasEveryValue|TestTheChartKnowsTheKeysReadAtStart|TestTheManifestsAreWhatTheChartRenders

# The tests that write and compare what is generated of the words of denials: the library's, and the table in its README.
WORDS := TestTheWordsAreTheProviders|TestTheReadmeHasTheReasons

# As Dockerfile builds them, so that what one compiles the other need not.
GO_BUILD := CGO_ENABLED=0 go build -trimpath

# What make image builds, for which platforms (this machine's by default), of which commit and time. Where make image and make
# chart push: PUSH/notation-provider, PUSH/policytest and PUSH/charts/notation-provider; OUT is where they write.
IMAGES            ?= notation-provider policytest
PLATFORMS         ?=
PUSH              ?=
OUT               ?= $(CURDIR)/.cache
REVISION          ?= $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)

# How long each fuzz target runs, and how often each benchmark.
FUZZTIME ?= 30s
COUNT    ?= 6

.PHONY: help
help: ## Print this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Sign images, serve, ask as Gatekeeper does, print the verdicts
	@echo "building the server, notation-pki and the demo (a minute and a half on two cores, once)"; \
	mkdir -p $(BIN) && $(GO_BUILD) -o $(BIN)/ ./cmd/notation-provider ./cmd/notation-pki ./test/demo && $(BIN)/demo -bin $(BIN)

.PHONY: test
test: ## Run the tests of all packages but the longest, with the race detector where it has something to find
	@echo "testing ($(if $(RACE),with,no C compiler: without) the race detector; the first run compiles everything)"
	@$(MAKE) --no-print-directory -j2 test-raced test-plain

# A flag of go test holds for all of its packages, so there are two runs. They run side by side: while the tests of one wait for
# a process or a clock, those of the other compute.
.PHONY: test-raced test-plain
test-raced:
	@export QUICK_PASSPHRASES=1; go test $(RACE_FLAGS) -timeout 30m $$(go list ./... | grep -vxF "$$(go list $(DRIVERS) $(SERIAL))")
test-plain:
	@export QUICK_PASSPHRASES=1 RACE_SERVER=$(if $(RACE),1,); go test -timeout 30m -skip '$(LONG_RE)' $(DRIVERS) $(SERIAL)

.PHONY: test-long
test-long: ## Run the longest tests: each fault at each step, each condition of the policies, attacks, long loads
	@echo "testing what takes long (a minute on two cores, more the first time)"
	@export QUICK_PASSPHRASES=1 RACE_SERVER=$(if $(RACE),1,); go test -timeout 30m -run '$(LONG_RE)' $(LONG_IN)

.PHONY: test-image
test-image: ## Test the images: what is in them, and that the same source makes the same bytes
	@echo "building the images twice, and once for arm64 (about a minute on two cores; five the first time)"; \
	cd test/tools/image && go test -count=1 -timeout 30m ./...

.PHONY: test-all
test-all: ## Run all tests that need no more than Go, git and make, all with the race detector and the full cost of passphrases
	@echo "testing everything with the race detector"; go test $(RACE) -timeout 60m ./...
	@$(MAKE) --no-print-directory test-image test-rules e2e

.PHONY: test-browser
test-browser: ## Test the page of report -o html in Chromium (apt-get install chromium)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ echo "there is no chromium; install it, as by apt-get install chromium" >&2; exit 1; }
	@echo "testing the page of notation-provider report in a browser (about a minute on two cores)"; \
	cd test/tools/browser && go test -tags browser -count=1 -timeout 20m ./...

.PHONY: test-valkey
test-valkey: ## Run the tests of evidence in Valkey or Redis, against a real server
	@command -v redis-server >/dev/null || command -v valkey-server >/dev/null || { echo "there is no redis-server; install it: apt-get install redis-server, or valkey-server"; exit 1; }
	@echo "testing evidence against $$(command -v redis-server || command -v valkey-server)"; \
	export RACE_SERVER=$(if $(RACE),1,); go test $(RACE) -tags valkey ./provider/evidence/valkey && \
	go test -tags valkey -timeout 20m -run 'Valkey|Store|TenReplicas' ./test/system

.PHONY: e2e
e2e: $(KUBERNETES) $(GATEKEEPER) $(HELM) ## Run the end-to-end tests in a real cluster (Linux; root or user namespaces); KEEP=1 leaves it up
	@$(if $(KEEP),KEEP=1 go test -tags e2e -count=1 -timeout 0 -v -run TestKeep ./test/e2e,\
	echo "testing in a cluster of processes"; go test -tags e2e -p 1 -timeout 40m ./test/e2e/...)

.PHONY: test-rules
test-rules: $(PROMTOOL) ## Test the alerts and the dashboard with promtool, which it builds
	@echo "seeing each alert fire and end, and data in each panel"; go test -tags promtool -count=1 -timeout 15m ./test/monitoring

.PHONY: walk
walk: ## List what one plain request runs in the server, room by room; FUNCTIONS=1 lists the functions, too
	@go run ./test/walk $(if $(FUNCTIONS),-functions)

.PHONY: build
build: ## Build the commands into .cache/bin
	@echo "building notation-provider and notation-pki (a minute and a half on two cores, the first time)"; \
	mkdir -p $(BIN) && $(GO_BUILD) -o $(BIN)/ ./cmd/notation-provider ./cmd/notation-pki
	@echo "building cert-rotator, and policytest with Gatekeeper's engine (about four minutes on two cores, the first time)"; \
	$(GO_BUILD) -o $(BIN)/ ./cmd/cert-rotator ./cmd/policytest

.PHONY: image
image: ## Build the images into .cache/image, as test/tools/image/README.md says
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) go run -C test/tools/image . -context $(CURDIR) -out $(OUT)/image \
	  $(if $(PLATFORMS),-platforms $(PLATFORMS)) $(if $(PUSH),-push $(PUSH)) -build-arg REVISION=$(REVISION) $(IMAGES)

.PHONY: chart
chart: $(HELM) ## Package the chart into .cache/chart; PUSH=registry/path pushes it, as make image does
	@rm -rf $(OUT)/chart; $(HELM) package charts/notation-provider --destination $(OUT)/chart
	@$(if $(PUSH),$(HELM) push $(OUT)/chart/*.tgz oci://$(PUSH)/charts)

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Look for mistakes that compile
	@$(GOLANGCI_LINT) run && cd test/tools/image && $(GOLANGCI_LINT) run && cd ../browser && $(GOLANGCI_LINT) run --build-tags browser

.PHONY: generate
generate: ## Write what is derived from other files
	@go run ./cmd/internal/version/stamp
	@go test ./policies -run '$(WORDS)' -update >/dev/null && echo "the policies' words are up to date"
	@go run ./policies/generate
	@go test ./test/readme -run TestReadmeShowsWhatTheProgramSays -update >/dev/null && echo "provider/README.md is up to date"
	@go test ./charts -run '$(CHART)' -update >/dev/null && echo "the chart's README.md and manifests are up to date"

.PHONY: verify
verify: ## Fail if formatting, modules or generated files are not as they should be
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "run gofmt -w on:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@for module in . test/tools/*/; do (cd $$module && go mod tidy -diff && go mod verify); done
	@go run ./cmd/internal/version/stamp -check
	@go test ./policies -run '$(WORDS)' >/dev/null || { echo "the policies' words are out of date: run make generate"; exit 1; }
	@go run ./policies/generate -check
	@go test ./test/readme -run TestReadmeShowsWhatTheProgramSays >/dev/null || { echo "provider/README.md is out of date: run make generate"; exit 1; }
	@go test ./charts -run '$(CHART)' >/dev/null || { echo "the chart's README.md or manifests are out of date: run make generate"; exit 1; }

.PHONY: bench
bench: $(BENCHSTAT) ## Measure against floors in the same run, as ratios: the rounds are in .cache/bench.txt
	@echo "measuring server and floor in turn, $(COUNT) rounds of half a minute"; : >.cache/bench.txt; \
	for round in $$(seq $(COUNT)); do go test -run '^$$' -bench . -benchtime 0.5s ./test/bench >>.cache/bench.txt; echo "round $$round of $(COUNT)"; done; \
	$(BENCHSTAT) -col /impl .cache/bench.txt
	@echo "deciding on a pod of three containers, in Gatekeeper's engine, and on hostile ones with 200 exceptions"; \
	go test -run '^$$' -bench 'A(Hostile)?Decision' -count $(COUNT) ./policies | $(BENCHSTAT) -

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s)
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

$(GOLANGCI_LINT):
	@echo "building golangci-lint (a minute or two, once)"; \
	mkdir -p $(BIN) && GOBIN=$(BIN) GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(lastword $(subst golangci-lint-, ,$@)) && mv $(BIN)/golangci-lint $@

# kubectl cannot read the version of a server that was not stamped.
$(KUBERNETES): | test/tools/kubernetes/go.mod
	@echo "building etcd, kube-apiserver, kube-controller-manager and kubectl (six minutes on two cores, once)"; \
	rm -rf $@ $@.part; mkdir -p $@.part; cd test/tools/kubernetes; \
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w $(foreach f,gitVersion=v1.36.3 gitMajor=1 gitMinor=36,-X k8s.io/component-base/version.$(f))" -o $@.part/ \
	  go.etcd.io/etcd/server/v3 k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kubectl}; \
	mv $@.part/server $@.part/etcd; mv $@.part $@

$(GATEKEEPER): | test/tools/gatekeeper/go.mod
	@echo "building Gatekeeper (six minutes on two cores, once)"; \
	rm -rf $@ $@.part; mkdir -p $@.part; cd test/tools/gatekeeper; \
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/open-policy-agent/gatekeeper/v3/pkg/version.Version=v3.23.1" -o $@.part/manager github.com/open-policy-agent/gatekeeper/v3; \
	cp -r "$$(go list -m -f '{{.Dir}}' github.com/open-policy-agent/gatekeeper/v3)/charts/gatekeeper" $@.part/chart; chmod -R u+w $@.part/chart; mv $@.part $@

$(HELM): | test/tools/helm/go.mod
	@echo "building helm"; mkdir -p $(BIN); cd test/tools/helm; CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $@ helm.sh/helm/v4/cmd/helm

# Without the clouds' service discovery, which takes most of its building and tests no rule.
$(PROMTOOL): | test/tools/promtool/go.mod
	@echo "building promtool (three minutes on two cores, once)"; mkdir -p $(BIN); cd test/tools/promtool; \
	CGO_ENABLED=0 go build -tags remove_all_sd -trimpath -ldflags "-s -w" -o $@ github.com/prometheus/prometheus/cmd/promtool

$(BENCHSTAT):
	@echo "building benchstat"; \
	mkdir -p $(BIN) && GOBIN=$(BIN) GOFLAGS= go install golang.org/x/perf/cmd/benchstat@$(lastword $(subst benchstat-, ,$@)) && mv $(BIN)/benchstat $@
