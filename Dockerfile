# The server as an image that holds one file, the program, run by a user without rights.
#   docker build -t jacobi .
#   docker run --rm -p 8080:8080 --read-only --cap-drop ALL jacobi
# It writes no files and needs no capability; threads and memory follow the limits of the container.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build

# The program carries the list of what it is made of, which scanners of images read: no file beside it, nothing to keep in step.
RUN CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install --locked cargo-auditable@0.7.7

# Linked with all it needs, so that nothing has to be beside it; relocations take a fortieth of the room when packed, and
# functions that became the same code are there once.
# With a target named, the flags are for the program and not for what runs while it is built.
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs -C link-arg=-Wl,--icf=all"
# Looked at as a whole the program gets smaller; that takes a while, but an image is built seldom.
ENV CARGO_PROFILE_RELEASE_LTO=fat
RUN rustc -vV | sed -n 's/^host: //p' >/host

# Dependencies first, with a program that does nothing: this layer is kept until Cargo.lock changes.
# Benchmarks are not built, and need not be there.
COPY Cargo.toml Cargo.lock ./
RUN sed -i '/^\[\[bench\]\]$/,/^$/d' Cargo.toml \
 && mkdir src \
 && echo 'fn main() {}' | tee src/main.rs > src/lib.rs \
 && cargo auditable build --release --locked --bin jacobi --target "$(cat /host)" \
 && rm -r src

COPY openapi.yaml ./
COPY src src
# Newer than the placeholders, whatever the clock of the machine the sources come from.
RUN find src -name '*.rs' -exec touch {} + \
 && cargo auditable build --release --locked --bin jacobi --target "$(cat /host)"

# Names of functions are of no use there; what the program is made of stays in it.
RUN strip -o jacobi "target/$(cat /host)/release/jacobi"

FROM scratch
LABEL org.opencontainers.image.title="Jacobi" \
      org.opencontainers.image.description="Exact derivatives over HTTP" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /build/jacobi /jacobi
ENV JACOBI_LISTEN=0.0.0.0:8080
EXPOSE 8080
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/jacobi", "healthcheck"]
ENTRYPOINT ["/jacobi"]
