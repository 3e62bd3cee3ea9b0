import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const LOG = pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'common', 'log.js')).href;

/**
 * Logs a second line while the first one is being written. Afterwards nothing is logged, and the process does not end
 * properly.
 */
const SCRIPT = `
const { logger } = await import(${JSON.stringify(LOG)});
logger.info('first');
setImmediate(() => setImmediate(() => logger.info('second')));
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1_500);
`;

it('the last line of a log is written even when no other follows', async () => {
  const tries = Array.from({ length: 6 }, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    return output.trimEnd().split('\n').length;
  });
  expect(await Promise.all(tries)).toEqual([2, 2, 2, 2, 2, 2]);
}, 30_000);
