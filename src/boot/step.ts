import { ConfigError } from '../config/config.js';
import { errorCode } from '../readers/error-code.js';

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
    // A refused connection to several addresses has no message.
    const why = error instanceof Error ? error.message || (errorCode(error) ?? error.name) : String(error);
    throw new StartError(`The gateway could not ${what}: ${why}\n${hint}`, { cause: error });
  }
}
