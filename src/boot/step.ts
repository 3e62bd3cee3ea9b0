import { ConfigError } from '../config/config.js';

/** The process cannot start. The message names the failed step, the reason and the remedy. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Runs a step of the start. An error is extended by the name of the step and a hint. */
export async function step<T>(what: string, hint: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StartError || error instanceof ConfigError) throw error;
    const why = error instanceof Error ? error.message || codeOf(error) : String(error);
    throw new StartError(`The gateway could not ${what}: ${why}\n${hint}`, { cause: error });
  }
}

/** For errors without a message, e.g. a refused connection to several addresses. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
