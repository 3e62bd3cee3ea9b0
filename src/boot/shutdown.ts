import { describeError, logger } from '../common/log.js';
import { StartError } from './step.js';

/** Work that ends a part of the process. */
type Ending = () => Promise<void>;

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
/** What a shell adds to the number of the signal that ended a process. */
const SIGNAL_EXIT_BASE = 128;
/** On top of the grace period, for what has no patience of its own. */
const MARGIN_MS = 5_000;

/** Ends what was started, last first. The first signal asks for it, the second does not wait. */
export class Shutdown {
  private readonly endings: { readonly what: string; readonly end: Ending }[] = [];
  private requested = false;
  private running: Promise<void> | null = null;
  private isStarted = false;

  /** True once a signal has come. */
  get isRequested(): boolean {
    return this.requested;
  }

  /** Between two steps of the start: throws when a signal has come. */
  goOn(): void {
    if (this.requested) throw new StartError('Stopped while starting.');
  }

  /** Remembers how to end a part that has just been started. */
  add(what: string, end: Ending): void {
    this.endings.push({ what, end });
  }

  /** From here on a signal ends the process by itself; before, the start notices it between two steps. */
  started(): void {
    this.isStarted = true;
    if (this.requested) void this.end();
  }

  onSignals(graceMs: number): void {
    for (const [signal, number] of Object.entries(SIGNAL_NUMBERS)) {
      process.on(signal, () => {
        if (this.requested) process.exit(SIGNAL_EXIT_BASE + number);
        this.requested = true;
        logger.info({ signal, graceMs }, 'stopping');
        setTimeout(() => this.giveUp(), graceMs + 2 * MARGIN_MS).unref();
        if (this.isStarted) void this.end();
      });
    }
  }

  /** Ends every part that was started. A part that fails to end does not keep the others. */
  async cleanUp(): Promise<void> {
    this.running ??= this.endAll();
    return this.running;
  }

  exit(code: number): void {
    process.exitCode = code;
    // Whatever still keeps the event loop busy has had its time.
    process.exit();
  }

  private async end(): Promise<void> {
    await this.cleanUp();
    logger.info('stopped');
    this.exit(0);
  }

  private async endAll(): Promise<void> {
    for (const { what, end } of this.endings.reverse()) {
      try {
        await end();
      } catch (error) {
        logger.error({ what, ...describeError(error) }, 'could not be stopped properly');
      }
    }
  }

  private giveUp(): void {
    logger.error('stopping took too long');
    process.exit(1);
  }
}
