# The commands of this repository. `make` alone lists them.
#
# A fresh Debian machine needs Go, Node and make; everything else is installed
# by the targets that use it, once: npm packages under node_modules, programs
# under bin, Debian packages by apt-get (as root; otherwise the one line to run
# is printed).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Arguments of `make up`, such as ARGS="--data /var/tmp/demo --port 9000".
ARGS ?=
# Arguments of `go test` in `make test`, such as TEST="-run TestT5 ./workflows".
TEST ?= ./...
# Arguments of the bench in `make bench`, such as BENCH="-pages 300 lists".
BENCH ?=

MINIO := v0.0.0-20260212201848-7aac2a2c5b7c

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS=$$'\t' read -r name text; do \
		printf 'make %-12s %s\n' "$$name" "$$text"; done

.PHONY: up
up: build ## build and start everything with demo accounts; ARGS="--data DIR --port N"
	@exec bin/unireg up --demo $(ARGS)

.PHONY: build
build: bin/.npm dev/node_modules/.done ## build bin/unireg, bin/cacompany, bin/stack and the agent for every system
	@scripts/build bin/stack dev .
	@scripts/build bin/cacompany . ./cmd/cacompany
	@scripts/build bin/unireg . ./cmd/unireg
	@scripts/agents bin/ukey

.PHONY: test
test: build ## run every test on a stack of its own; TEST="-run NAME ./package"
	@scripts/packages chromium fonts-noto-cjk softhsm2 openssl clamav-daemon
	@scripts/test $(TEST)

.PHONY: test-minio
test-minio: build bin/.minio-$(MINIO) ## run the object store's conformance tests against MinIO
	@bin/stack run --fast --objectstore=minio --minio-bin=bin/minio -- go test -count=1 -run 'Object|Bucket|File|Upload|U9|U10|U11' ./storage/...

.PHONY: check
check: bin/.npm ## format, vet, lint, workflow and dead code checks, generated files, go.mod
	@scripts/check

.PHONY: rows
rows: ## show which passed tests of the last `make test` keep which row of docs/rows.tsv
	@go run ./cmd/rows check docs/rows.tsv bin/test.json

.PHONY: generate
generate: bin/.npm ## write generated files anew: pages, code tables, the README's table
	@go generate ./...

.PHONY: pictures
pictures: build ## take the pictures of docs anew: every page in every state, and of the running system
	@scripts/packages chromium fonts-noto-cjk softhsm2 openssl
	@go test ./web/view -count=1 -run TestPicturesOfEveryPage -pictures "$(CURDIR)/docs/pages"
	@bin/stack run --fast -- go test ./e2e -count=1 -run TestPictures -pictures "$(CURDIR)/docs/pictures"

.PHONY: fmt
fmt: ## format the code
	@git ls-files -co --exclude-standard '*.go' ':!*_templ.go' | xargs go tool gofumpt -w

.PHONY: bench
bench: build ## measure commands, logins, lists and uploads on this machine; BENCH="lists"
	@bin/stack run -- go run ./bench $(BENCH)

.PHONY: guide
guide: build ## walk the guide for bidders and take its pictures anew
	@scripts/packages chromium fonts-noto-cjk softhsm2 openssl clamav-daemon
	@bin/stack run --fast -- go test ./e2e -count=1 -run '^TestGuide$$' -guide ../docs/guide/pictures

# npm packages of the front end, and the files taken from them.
bin/.npm: package-lock.json package.json .npmrc web/static/vendor.mjs web/view/icons.go
	@scripts/need node npm
	npm ci --no-progress
	npm run --silent vendor
	@mkdir -p bin && touch $@

# PostgreSQL's programs for the development stack.
dev/node_modules/.done: dev/package-lock.json dev/package.json dev/.npmrc
	@scripts/need node npm
	cd dev && npm ci --no-progress
	@touch $@

bin/.minio-$(MINIO):
	@scripts/need go
	@echo "building bin/minio, which takes some minutes"
	GOBIN="$(CURDIR)/bin" go install github.com/minio/minio@$(MINIO)
	@touch $@
