# The server as a small image without a shell, run by a user without rights.
#   docker build -t jacobi .
#   docker run --rm -p 8080:8080 --read-only --cap-drop ALL jacobi
# It writes no files and needs no capability; threads and memory follow the limits of the container.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build

# The program carries the list of what it is made of, which scanners of images read: no file beside it, nothing to keep in step.
RUN CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install --locked cargo-auditable@0.7.7

# Dependencies first, with a program that does nothing: this layer is kept until Cargo.lock changes.
# Benchmarks are not built, and need not be there.
COPY Cargo.toml Cargo.lock ./
RUN sed -i '/^\[\[bench\]\]$/,/^$/d' Cargo.toml \
 && mkdir src \
 && echo 'fn main() {}' | tee src/main.rs > src/lib.rs \
 && cargo auditable build --release --locked --bin jacobi \
 && rm -r src

COPY openapi.yaml ./
COPY src src
# Newer than the placeholders, whatever the clock of the machine the sources come from.
RUN find src -name '*.rs' -exec touch {} + \
 && cargo auditable build --release --locked --bin jacobi

# Names of functions are of no use there; what the program is made of stays in it.
RUN strip target/release/jacobi

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Jacobi" \
      org.opencontainers.image.description="Exact derivatives over HTTP" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /build/target/release/jacobi /jacobi
ENV JACOBI_LISTEN=0.0.0.0:8080
EXPOSE 8080
USER nonroot
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/jacobi", "healthcheck"]
ENTRYPOINT ["/jacobi"]
