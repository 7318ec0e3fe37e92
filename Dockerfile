# syntax=docker/dockerfile:1
# Two images: "unireg", the product (the last stage), and "minio", the object
# store built from its final sources: older releases have known faults, and no
# newer image exists.

ARG GO=1.26.8
ARG DEBIAN=bookworm

# What browsers load of third parties.
FROM node:22-${DEBIAN}-slim AS pages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY web/static web/static
COPY web/view/icons.go web/view/icons.go
COPY web/paper/fonts web/paper/fonts
RUN npm run vendor

FROM golang:${GO}-${DEBIAN} AS build
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOCACHE=/cache/build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=pages /src/web/static/vendor web/static/vendor
COPY --from=pages /src/web/paper/fonts web/paper/fonts
ARG REVISION=""
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache/build \
    go build -trimpath -buildvcs=false -ldflags="-s -w -X main.builtFrom=${REVISION}" -o /out/unireg ./cmd/unireg
# The agent that bidders install, for every system.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache/build scripts/agents /out/ukey

FROM golang:${GO}-${DEBIAN} AS build-minio
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOCACHE=/cache/build GOBIN=/out
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache/build \
    go install -trimpath -ldflags="-s -w" github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

FROM debian:${DEBIAN}-slim AS minio
RUN useradd --uid 65532 --user-group --no-create-home minio && install -d -o minio -g minio /data
COPY --from=build-minio /out/minio /usr/local/bin/minio
USER minio
VOLUME /data
EXPOSE 9000
ENTRYPOINT ["minio"]
CMD ["server", "/data", "--address", ":9000"]

# The product: one static program, without a shell, for a user without rights.
FROM scratch AS unireg
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/unireg /unireg
COPY --from=build /out/ukey /ukey
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/unireg"]
CMD ["web"]
