import { Logger, type LoggerService } from '@nestjs/common';

/** The contexts under which Nest tells what it does while an application starts. */
const BOOT_CONTEXTS = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * Nest has one logger per process, not one per application, and the option `logger: false` would silence the gateway
 * that runs the sandbox inside its own process. So the lines of one start are filtered out, and everything else goes
 * on to the logger that was there before, which is put back at the end.
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
    // Somebody else may have installed a logger meanwhile: theirs stays.
    if (Logger.staticInstanceRef !== this.filter) return;
    if (this.previous) Logger.staticInstanceRef = this.previous;
    else delete Logger.staticInstanceRef;
  }
}
