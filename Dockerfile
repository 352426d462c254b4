# One image for each app:
#   docker build --build-arg APP=gateway --tag millrace/gateway:0.1.0 .
# `npm run images` builds them all, with version and commit in their labels; docs/images.md tells the rest.

# Where it is built: Node 24 with npm.
ARG BASE=node:24-bookworm-slim
# Where it runs: the C++ library that Node needs, and nothing of npm, of which the base above is full. The base's node is copied over.
ARG RUNTIME=debian:bookworm-slim

FROM ${BASE} AS source
WORKDIR /source
COPY . .
RUN ["node", "tools/images/keep-manifests.ts", "/source", "/manifests"]

# Done again only when a package.json or the lock file has changed.
FROM ${BASE} AS packages
WORKDIR /source
COPY --from=source /manifests ./
# A context may bring the packages, as that of `npm run images -- --base local` does. Not `npm ci`: see tools/run.mjs.
RUN test -e packages-are-here || npm install --omit=dev --ignore-scripts --no-audit --no-fund

FROM source AS build
COPY --from=packages /source ./
ARG APP
ARG REVISION=""
RUN node tools/images/collect-main.ts "${APP}" /app "${REVISION}" && mkdir /app/.compile-cache /data && chown 10001:10001 /app/.compile-cache /data
# The cache knows files by their paths and belongs to one user, so it is made where and as whom the app runs.
USER 10001:10001
ENV NODE_COMPILE_CACHE=/app/.compile-cache
RUN ["node", "tools/images/fill-cache.ts", "/app"]

FROM ${RUNTIME}
# In the order in which they change, so that images share what is the same.
COPY --from=build /usr/local/bin/node /usr/local/bin/node
# Standalone's, by MILLRACE_DATA_DIR: a new volume that is mounted there takes its owner.
COPY --from=build --chown=10001:10001 /data /data
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/libs ./libs
COPY --from=build /app/apps ./apps
COPY --from=build --chown=10001:10001 /app/.compile-cache ./.compile-cache
COPY --from=build /app/package.json /app/main.ts /app/sbom.cdx.json /app/LICENSE ./
USER 10001:10001
# glibc keeps a heap for each thread otherwise, and what a burst has freed: 10 to 50 MB of a process that idles. Below 4 MB blocks are used again without asking the kernel.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=4194304 MALLOC_MMAP_THRESHOLD_=4194304
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/node", "/app/main.ts"]
ARG APP
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="millrace ${APP}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
