# How aztray is built and tried. `make` lists the targets; CONTRIBUTING.md says when to use which.

SHELL        := /bin/sh
VERSION      := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STAMP        := -X main.version=$(VERSION)
STATICCHECK  := v0.8.2
staticcheck  := $(CURDIR)/build/tools/staticcheck-$(STATICCHECK)
# The race detector needs cgo and a C compiler; without them `make unit` goes without it and says
# so. `make test` insists.
RACE         ?= $(shell [ "$$(go env CGO_ENABLED)" = 1 ] && command -v $$(go env CC) >/dev/null 2>&1 && echo -race)
# On Linux and Windows nothing of ours needs C; the tray of macOS does.
CGO_BUILD    := $(if $(filter darwin,$(shell go env GOOS)),1,0)

# The packages with a test that needs the rig.
e2e_packages  = $(addprefix ./,$(sort $(dir $(shell grep -rlE --include='*_test.go' '^//go:build.*\<e2e\>' cmd internal test))))
# What make unit tests. In make test, make e2e runs all tests of its packages, those of units too.
UNIT         ?= ./...
other_packages = $(shell go list ./... | grep -vxF "$$(go list -tags e2e $(e2e_packages))")

say = @printf '\n==> %s\n'

.PHONY: help setup build docs build-windows unit e2e e2e-kubernetes test demo bench lint clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## install what the tests and the demo need (Debian, Ubuntu); elsewhere list it
	@test/setup.sh

build: ## bin/aztray for this machine
	CGO_ENABLED=$(CGO_BUILD) go build -trimpath -ldflags '$(STAMP)' -o bin/aztray ./cmd/tray

docs: ## manual pages and shell completions, in build/man and build/completions
	go run ./docs/generate build $(VERSION)

build-windows: ## bin/aztray.exe for Windows, without a console window
	CGO_ENABLED=0 GOOS=windows go build -trimpath -ldflags '$(STAMP) -H=windowsgui' -o bin/aztray.exe ./cmd/tray

unit: ## the tests that need nothing but Go
	$(say) "unit tests $(if $(RACE),with the race detector,WITHOUT the race detector: no C compiler here)"
	@go run ./test/gotest -log build/unit.log $(RACE) -timeout 5m $(UNIT)

# One package at a time: they share the engine. A single test: make e2e RUN='-run TestName'.
e2e: ## the tests on the rig: real az, a real Docker engine, a real desktop
	$(say) "end-to-end tests"
	@test/with-engine.sh go run ./test/gotest -each -log build/e2e.log \
		$(RACE) -tags e2e -count=1 -p 1 -timeout 30m $(RUN) $(e2e_packages)

# Not a part of make test: an API server takes minutes to build. It needs etcd (Debian: etcd-server).
e2e-kubernetes: build/tools/kube-apiserver ## the Secret for pods, against a real Kubernetes API server built from its source
	$(say) "tests against a Kubernetes API server"
	@command -v etcd >/dev/null || { echo "etcd is not installed; on Debian: apt-get install etcd-server"; exit 1; }
	@test/with-engine.sh env KUBE_APISERVER=$(CURDIR)/$< go run ./test/gotest -each -log build/kubernetes.log \
		-tags "e2e kubernetes" -count=1 -timeout 10m -run TestRealAPIServer ./internal/cluster

build/tools/kube-apiserver: test/rig/kube/apiserver/go.mod
	$(say) "building kube-apiserver into build/tools"
	@mkdir -p $(@D)
	cd test/rig/kube/apiserver && CGO_ENABLED=0 go build -o $(CURDIR)/$@ k8s.io/kubernetes/cmd/kube-apiserver

# One alone: make engines ENGINES=docker28
engines: ## the container tests on other engines: Engine 28.5, users mapped, rootless Docker, Podman
	@test/engines.sh $(ENGINES)

lint: $(staticcheck) ## gofmt, vet and staticcheck, for Linux, Windows and macOS
	$(say) "gofmt"
	@files=$$(gofmt -l .); [ -z "$$files" ] || { echo "run gofmt -w on:"; echo "$$files"; exit 1; }
	$(say) "vet and build: Linux"
	go vet ./...
	go vet -tags e2e ./...
	$(say) "vet and build: Windows"
	CGO_ENABLED=0 GOOS=windows go vet ./...
	CGO_ENABLED=0 GOOS=windows go build ./...
	$(say) "vet and build: macOS, all but the tray's binding, which needs Apple's compiler"
	CGO_ENABLED=0 GOOS=darwin go vet ./...
	CGO_ENABLED=0 GOOS=darwin go build ./...
	$(say) "staticcheck $(STATICCHECK)"
	$(staticcheck) -tags e2e ./...
	CGO_ENABLED=0 GOOS=windows $(staticcheck) ./...

# Installed and not `go run`: under GOOS=windows that would build it for Windows.
$(staticcheck):
	$(say) "installing staticcheck $(STATICCHECK) into build/tools"
	@mkdir -p $(@D)
	GOBIN=$(@D) go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK)
	@mv $(@D)/staticcheck $@

test: ## everything: setup, lint, unit, e2e; a skipped test is a failure
	@start=$$(date +%s); for step in setup lint unit e2e; do \
		$(MAKE) --no-print-directory $$step RACE=-race UNIT='$(other_packages)' || { \
			printf '\n==> make test: "make %s" failed after %s s\n' $$step $$(($$(date +%s) - start)); exit 1; }; \
		done; printf '\n==> make test: setup, lint, unit and e2e are good, in %s s\n' $$(($$(date +%s) - start))

demo: setup ## watch it work on az, containers and a sign-in of its own; pictures in build/demo
	@test/with-engine.sh go run ./test/rig/demo

bench: ## the benchmarks
	@test/with-engine.sh go test -tags e2e -run "^$$" -bench . -benchmem -timeout 90m ./...

clean: ## delete bin and build
	rm -rf bin build
