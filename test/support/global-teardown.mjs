import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Personal data and secrets that many tests send. No log of the run may contain one of them. */
const CANARIES = ['01234567890', '5537686660', 'admin-password-of-the-tests', 'notification-password-of-the-tests'];
const SANDBOX_PROVIDERS = join(import.meta.dirname, '..', '..', 'dist', 'sandbox', 'providers.js');

/** Searches the logs of the run for canaries, and stops its PostgreSQL. The folder is removed when the process ends. */
export default async function globalTeardown() {
  const { PROVIDERS } = await import(SANDBOX_PROVIDERS);
  const canaries = [...CANARIES, ...PROVIDERS.flatMap(({ secrets }) => secrets)];
  const leaks = findLeaks(process.env.TEST_LOG_DIR, canaries);
  await globalThis.testServer?.stop({ evenIfInUse: true });
  if (leaks.length > 0) throw new Error(`a gateway wrote what it must not write: ${leaks.join(', ')}`);
}

function findLeaks(folder, canaries) {
  const logs = readdirSync(folder).filter((name) => name.startsWith('main-'));
  return logs.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return canaries.filter((canary) => text.includes(canary)).map((canary) => `${canary} in ${name}`);
  });
}
