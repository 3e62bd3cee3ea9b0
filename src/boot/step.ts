import { ConfigError } from '../config/config.js';

/** The process cannot start: which step failed, why, and what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** A step of the start; its failure says what was being done and what helps. */
export async function step<T>(what: string, hint: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StartError || error instanceof ConfigError) throw error;
    const why = error instanceof Error ? error.message || codeOf(error) : String(error);
    throw new StartError(`The gateway could not ${what}: ${why}\n${hint}`, { cause: error });
  }
}

/** For errors without words, such as a refused connection to several addresses. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
