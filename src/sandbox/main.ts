import { readEnvironment } from './environment-reader.js';
import { startSandbox } from './sandbox.js';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

const reading = readEnvironment(process.env);
if (reading.ok) {
  const sandbox = await startSandbox(reading.options);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void sandbox.stop());
  process.stdout.write(`${JSON.stringify({ sandbox: sandbox.url, env: sandbox.env })}\n`);
} else {
  process.stderr.write(`${reading.problems.join('\n')}\n`);
  process.exitCode = EXIT_CONFIG;
}
