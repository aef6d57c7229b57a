# Builds Senvec on Debian 12 and runs it as an ordinary user, with the Chinese model that comes with it. Data and other models
# are mounted, see docker-compose.yml.
FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/setup.sh scripts/packages.txt scripts/
RUN scripts/setup.sh
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build build/release --target senvec

FROM debian:12-slim
# What the program is linked with; scripts/packages.txt has the -dev packages of the same libraries.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgrpc++1.51 libprotobuf32 libabsl20220623 libopenblas0-pthread \
       liblapacke libspdlog1.10 libxxhash0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home senvec \
    && install -d -o senvec /data /models
COPY --from=build /src/build/release/bin/senvec /usr/local/bin/senvec
COPY share/models /usr/local/share/senvec/models
USER senvec
EXPOSE 7411
VOLUME ["/data"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD senvec health --server 127.0.0.1:7411 --timeout 2
ENTRYPOINT ["senvec"]
CMD ["serve", "--data", "/data", "--listen", "0.0.0.0:7411"]
