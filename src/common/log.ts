import type { LoggerService } from '@nestjs/common';
import pino, { type DestinationStream } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Lines that wait for a reader that has stopped reading; what comes after is dropped, so that requests go on. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** More is written at once; less waits for the other lines of the same turn of the event loop. */
const MIN_BYTES = 4_096;

/** Written asynchronously: a blocked stdout must not block the requests. Whatever waits at the exit is written then. */
const file = pino.destination({ dest: 1, sync: false, minLength: MIN_BYTES, maxLength: MAX_WAITING_BYTES });
let flushing = false;
let waitingBytes = 0;

/** One write for all lines of a turn: requests that were recorded together end together. */
const stdout: DestinationStream = {
  write(line: string): void {
    waitingBytes += Buffer.byteLength(line);
    file.write(line);
    if (flushing) return;
    flushing = true;
    setImmediate(() => {
      flushing = false;
      if (waitingBytes > 0) file.flush();
    });
  },
};

file.on('write', (bytes: number) => {
  // Nothing is left when nothing was written, whatever the count says.
  waitingBytes = bytes === 0 ? 0 : waitingBytes - bytes;
});
file.on('drop', (line: string) => {
  waitingBytes -= Buffer.byteLength(line);
});
// While a write is under way a flush does nothing: what came meanwhile would wait for the next line, however long.
file.on('drain', () => {
  if (waitingBytes > 0) file.flush();
});

/**
 * The gateway's log: one JSON object a line on stdout, UTC. Only declared fields go in: never a body, a header, a URL as
 * it came, or the message of an error that may quote foreign data.
 */
export const logger = pino(
  {
    base: null,
    level: 'info',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  },
  stdout,
);

/** What of an error may be logged: its class and its code; messages can quote what a caller or a provider sent. */
export function describeError(error: unknown): { error: string; errorCode?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = 'code' in error ? error.code : undefined;
  return { error: error.name, ...(typeof code === 'string' && { errorCode: code }) };
}

/** Contexts of the framework whose lines are its own fixed words; every other line is reduced to its context. */
const FRAMEWORK_CONTEXTS = new Set(['NestFactory', 'NestApplication', 'InstanceLoader', 'RoutesResolver', 'Injector']);

/** Routine of the start, one line for each module and route: only of interest when somebody looks for a defect. */
const ROUTINE_CONTEXTS = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/** Nest's own messages in the gateway's log. Errors are logged by name and code, whatever their message says. */
export class NestLogger implements LoggerService {
  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    if (ROUTINE_CONTEXTS.has(context)) logger.debug({ context }, wordsOf(message, context));
    else logger.info({ context }, wordsOf(message, context));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    logger.warn({ context }, wordsOf(message, context));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    logger.error({ context, ...(message instanceof Error && describeError(message)) }, wordsOf(message, context));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    logger.debug({ context }, wordsOf(message, context));
  }
}

function contextOf(rest: readonly unknown[]): string {
  const last = rest.at(-1);
  return typeof last === 'string' && /^[\w.: -]{1,64}$/.test(last) ? last : 'nest';
}

function wordsOf(message: unknown, context: string): string {
  return typeof message === 'string' && FRAMEWORK_CONTEXTS.has(context) ? message : 'framework message';
}
