import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { dumpSchema } from './dump-schema.mjs';

/** `npm run schema`: migrates an empty database and writes its schema to src/database/schema.sql. Build first. */
const PROJECT_FOLDER = join(import.meta.dirname, '..');
const { startEmbeddedPostgres } = await import(join(PROJECT_FOLDER, 'dist/embedded-postgres/embedded-postgres.js'));

const folder = mkdtempSync(join(tmpdir(), 'gateway-schema-'));
chmodSync(folder, 0o755);
const server = await startEmbeddedPostgres({ dataDir: folder });
try {
  execFileSync(process.execPath, [join(PROJECT_FOLDER, 'dist/cli/migrate.js')], {
    env: { PATH: process.env.PATH, DATABASE_URL: server.migrationUrl },
  });
  const client = new pg.Client({ connectionString: server.migrationUrl });
  await client.connect();
  writeFileSync(join(PROJECT_FOLDER, 'src/database/schema.sql'), await dumpSchema(client));
  await client.end();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
