import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderAlarms } from './alarms-page.mjs';

/** `npm run alarms`: writes docs/alarms.md. Build first. */
const PROJECT_FOLDER = join(import.meta.dirname, '..');
const alarms = await import(join(PROJECT_FOLDER, 'dist/common/alarm-kinds.js'));
writeFileSync(join(PROJECT_FOLDER, 'docs/alarms.md'), renderAlarms(alarms));
