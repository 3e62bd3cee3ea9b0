import type { LoggerService } from '@nestjs/common';
import pino from 'pino';
import { errorCode } from '../readers/error-code.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Limit for lines that wait because stdout is not read. Further lines are dropped, so that requests go on. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** Written asynchronously: a blocked stdout must not block requests. pino writes the waiting lines at exit. */
const stdout = pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });

/**
 * The gateway's log: one JSON object per line on stdout, times in UTC. It takes declared fields only: never a body, a
 * header, a raw URL, or an error message that may quote foreign data.
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

/** The parts of an error that may be logged: its class and code. Messages can quote data of a caller or a provider. */
export function describeError(error: unknown): { error: string; errorCode?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = errorCode(error);
  return { error: error.name, ...(code !== undefined && { errorCode: code }) };
}

/** Framework contexts whose messages are fixed texts. Of every other line only the context is logged. */
const FRAMEWORK_CONTEXTS = new Set(['NestFactory', 'NestApplication', 'InstanceLoader', 'RoutesResolver', 'Injector']);

/** Start-up messages, one for each module and route. They are logged at debug level. */
const ROUTINE_CONTEXTS = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/** Writes Nest's own messages to the gateway's log. Errors are logged by name and code, never by message. */
export class NestLogger implements LoggerService {
  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    if (ROUTINE_CONTEXTS.has(context)) logger.debug({ context }, messageTextOf(message, context));
    else logger.info({ context }, messageTextOf(message, context));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    logger.warn({ context }, messageTextOf(message, context));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    logger.error({ context, ...(message instanceof Error && describeError(message)) }, messageTextOf(message, context));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    logger.debug({ context }, messageTextOf(message, context));
  }
}

function contextOf(rest: readonly unknown[]): string {
  const last = rest.at(-1);
  return typeof last === 'string' && /^[\w.: -]{1,64}$/.test(last) ? last : 'nest';
}

function messageTextOf(message: unknown, context: string): string {
  return typeof message === 'string' && FRAMEWORK_CONTEXTS.has(context) ? message : 'framework message';
}
