export const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
/** Shells add this to the number of the signal that ended a process. */
export const SIGNAL_EXIT_BASE = 128;

/**
 * Lets a signal end the process at once, with `exitCode` or that of the signal, until the returned function is called.
 * The first process of a container ignores a signal without a listener, and loading the application takes a second.
 */
export function exitOnSignals(exitCode?: number): () => void {
  const listeners = Object.entries(SIGNAL_NUMBERS).map(([signal, number]) => {
    const listener = (): never => process.exit(exitCode ?? SIGNAL_EXIT_BASE + number);
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const remove of listeners) remove();
  };
}
