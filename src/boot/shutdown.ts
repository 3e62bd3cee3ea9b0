import { describeError, logger } from '../common/log.js';
import { SIGNAL_EXIT_BASE, SIGNAL_NUMBERS } from './early-signals.js';
import { StartError } from './step.js';

/** Stops a part of the process. */
type StopPart = () => Promise<void>;

/** Additional time after the grace period, for parts without a time limit. */
const MARGIN_MS = 5_000;
/** Time for the current step of the start, e.g. a wait for the migration of another instance. */
const STEP_GRACE_MS = 5_000;

/** Stops all started parts in reverse order. The first signal starts it, a second signal ends the process at once. */
export class Shutdown {
  private readonly parts: { readonly what: string; readonly end: StopPart }[] = [];
  private requested = false;
  private running: Promise<void> | null = null;
  private isStartComplete = false;

  /** True after the first signal. */
  get isRequested(): boolean {
    return this.requested;
  }

  /** Throws if a signal has arrived. Called between two steps of the start. */
  throwIfRequested(): void {
    if (this.requested) throw new StartError('Stopped while starting.');
  }

  /** Registers how to stop a part that was just started. */
  add(what: string, end: StopPart): void {
    this.parts.push({ what, end });
  }

  /**
   * From now on a signal stops the process. Before, the start checks for signals between two steps, and a step that takes
   * long is abandoned: nothing was accepted yet, and a migration is rolled back.
   */
  markStarted(): void {
    this.isStartComplete = true;
    if (this.requested) void this.end();
  }

  onSignals(graceMs: number): void {
    for (const [signal, number] of Object.entries(SIGNAL_NUMBERS)) {
      process.on(signal, () => {
        if (this.requested) process.exit(SIGNAL_EXIT_BASE + number);
        this.requested = true;
        logger.info({ signal, graceMs }, 'stopping');
        setTimeout(() => this.giveUp(), graceMs + 2 * MARGIN_MS).unref();
        if (this.isStartComplete) void this.end();
        else setTimeout(() => void this.end(), STEP_GRACE_MS).unref();
      });
    }
  }

  /** Stops every started part. An error in one part does not prevent the others from stopping. */
  async cleanUp(): Promise<void> {
    this.running ??= this.stopAll();
    return this.running;
  }

  exit(code: number): void {
    process.exitCode = code;
    // All parts have had their time, so remaining handles of the event loop are ignored.
    process.exit();
  }

  private async end(): Promise<void> {
    await this.cleanUp();
    logger.info('stopped');
    this.exit(0);
  }

  private async stopAll(): Promise<void> {
    for (const { what, end } of this.parts.reverse()) {
      try {
        await end();
      } catch (error) {
        logger.error({ what, ...describeError(error) }, 'a part could not be stopped properly');
      }
    }
  }

  private giveUp(): void {
    logger.error('stopping took too long');
    process.exit(1);
  }
}
