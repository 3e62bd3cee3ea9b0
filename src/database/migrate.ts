import 'reflect-metadata';
import { createDataSource, migrate } from './data-source.js';

/** `node dist/database/migrate.js`: brings the database of `DATABASE_URL` up to date and ends. */
const url = process.env['DATABASE_URL'];
if (!url) {
  process.stderr.write(
    'DATABASE_URL is not set: name the database to migrate, e.g. postgres://user@host:5432/loyalty\n',
  );
  process.exit(78);
}
const source = createDataSource(url);
await source.initialize();
await migrate(source);
await source.destroy();
