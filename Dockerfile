# Two images from scratch: notation-provider (the default), and policytest (--target policytest).
#
#     docker build --build-arg REVISION="$(git rev-parse HEAD)" -t notation-provider .
#
# make image reads this file and builds the same without an engine and without a network; test/tools/image/README.md says
# which instructions it knows.

# make generate writes it: the version stands in cmd/internal/version.
ARG VERSION=0.1.0
# The Git commit, for a label. It is not in the binaries, so that these are the same for the same source.
ARG REVISION=

FROM --platform=$BUILDPLATFORM golang:1.26.8 AS source
# No C library, no paths of this machine, nothing of Git: the same source and the same Go make the same bytes.
ENV CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" GOTOOLCHAIN=local
WORKDIR /src
COPY go.mod go.sum ./
COPY cmd cmd
COPY provider provider

FROM source AS server
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags="-s -w -buildid=" -o bin/ ./cmd/notation-provider ./cmd/cert-rotator ./cmd/notation-pki

FROM source AS runner
ARG TARGETOS
ARG TARGETARCH
# The library of the policies is in it, and what makes templates of it.
COPY policies/lib policies/lib
COPY policies/template policies/template
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags="-s -w -buildid=" -o bin/ ./cmd/policytest

FROM scratch AS policytest
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="policytest" \
      org.opencontainers.image.description="gator's suite runner with external_data" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="https://gitlab.com/ska-telescope/notation-provider" \
      org.opencontainers.image.licenses="BSD-3-Clause"
COPY --from=runner /src/bin/policytest /
USER 65532:65532
ENTRYPOINT ["/policytest"]

FROM scratch AS notation-provider
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="notation-provider" \
      org.opencontainers.image.description="Gatekeeper's external data provider for Notary Project signatures" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="https://gitlab.com/ska-telescope/notation-provider" \
      org.opencontainers.image.licenses="BSD-3-Clause"
COPY --from=server /src/bin/notation-provider /src/bin/cert-rotator /src/bin/notation-pki /
# Where docker credential helpers are looked for: an init container puts them there.
ENV PATH=/credential-helpers
EXPOSE 8443 8080
USER 65532:65532
ENTRYPOINT ["/notation-provider"]
