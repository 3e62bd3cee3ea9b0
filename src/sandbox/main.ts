import { EnvironmentError, startSandbox } from './sandbox.js';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

try {
  const { url, env, stop } = await startSandbox({ environment: process.env });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  process.stdout.write(`${JSON.stringify({ sandbox: url, env })}\n`);
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_CONFIG;
}
