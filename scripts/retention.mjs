import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderRetention } from './retention-page.mjs';

/** `npm run retention`: writes docs/retention.md. Build first, and `npm run schema` after a migration. */
const PROJECT_FOLDER = join(import.meta.dirname, '..');
const retention = await import(join(PROJECT_FOLDER, 'dist/privacy/retention.js'));
writeFileSync(join(PROJECT_FOLDER, 'docs/retention.md'), renderRetention(retention));
