import { execFile } from 'node:child_process';
import { join } from 'node:path';

/**
 * Runs `npm run bench:statement` as a stage. It is a separate program with its own PostgreSQL that prints its goals.
 */
export async function statement({ scale, show }) {
  const script = join(import.meta.dirname, 'statement.mjs');
  const text = await new Promise((resolve, reject) => {
    // When a goal is missed, it prints its figures too and exits with 1.
    execFile(process.execPath, [script, '--lines', String(scale.statementLines)], (error, stdout, stderr) => {
      if (stdout.trim().startsWith('{')) resolve(stdout);
      else reject(error ?? new Error(stderr));
    });
  });
  const { small, large, goals } = JSON.parse(text);
  show(`statement of ${scale.statementLines} lines`, { 'a tenth': figures(small), 'all lines': figures(large) });
  return goals;
}

function figures({ seconds, bareSeconds, memoryMb }) {
  return { seconds, 'bare, seconds': bareSeconds, 'memory, MB': Math.round(memoryMb) };
}
