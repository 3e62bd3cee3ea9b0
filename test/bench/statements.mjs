import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** `npm run bench:statement` as a stage: a program of its own, with a PostgreSQL of its own, that prints its goals. */
export async function statement({ scale, show }) {
  const script = join(import.meta.dirname, 'statement.mjs');
  const text = await new Promise((resolve, reject) => {
    // It ends with 1 when a goal is missed, and has printed its figures all the same.
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
