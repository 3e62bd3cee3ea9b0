import { execFile } from 'node:child_process';
import { join } from 'node:path';

const FUZZ = join(import.meta.dirname, '..', '..', 'fuzz', 'main.mjs');
const TIMEOUT_MS = 240_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Runs the fuzz program, which starts its own PostgreSQL, sandbox and gateway. Its output lists the findings. */
function fuzz(count: number, seed: number): Promise<{ readonly passed: boolean; readonly output: string }> {
  const args = [FUZZ, '--count', String(count), '--seed', String(seed)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      resolve({ passed: error === null, output: stdout + stderr });
    });
  });
}

it(
  '5,000 fuzzed requests are answered as documented, and no invariant breaks',
  async () => {
    const { passed, output } = await fuzz(5_000, 20_251);
    expect(output.slice(-8_000)).toContain('RIGHT: 5000 requests, seed 20251');
    expect(passed).toBe(true);
  },
  TIMEOUT_MS + 10_000,
);
