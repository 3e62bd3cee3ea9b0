import { Logger, type LoggerService } from '@nestjs/common';

/** The contexts of the lines that Nest logs while an application starts. */
const BOOT_CONTEXTS = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * Suppresses the lines that Nest logs during one start. Nest has one logger per process: the option `logger: false`
 * would also silence a gateway that runs the sandbox in its own process. All other lines go to the previous logger,
 * which is restored at the end.
 */
export async function withoutBootLines<T>(start: () => Promise<T>): Promise<T> {
  const filter = new BootFilter();
  try {
    return await start();
  } finally {
    filter.putBack();
  }
}

class BootFilter extends Logger {
  private readonly previous = Logger.staticInstanceRef;
  private readonly filter: LoggerService = {
    log: (message: unknown, ...rest: unknown[]) => {
      if (!BOOT_CONTEXTS.has(String(rest.at(-1)))) this.previous?.log(message, ...rest);
    },
    error: (message: unknown, ...rest: unknown[]) => void this.previous?.error(message, ...rest),
    warn: (message: unknown, ...rest: unknown[]) => void this.previous?.warn(message, ...rest),
    debug: (message: unknown, ...rest: unknown[]) => void this.previous?.debug?.(message, ...rest),
    verbose: (message: unknown, ...rest: unknown[]) => void this.previous?.verbose?.(message, ...rest),
    fatal: (message: unknown, ...rest: unknown[]) => void this.previous?.fatal?.(message, ...rest),
  };

  constructor() {
    super('sandbox');
    Logger.staticInstanceRef = this.filter;
  }

  putBack(): void {
    // A logger that another part of the process installed meanwhile stays.
    if (Logger.staticInstanceRef !== this.filter) return;
    if (this.previous) Logger.staticInstanceRef = this.previous;
    else delete Logger.staticInstanceRef;
  }
}
