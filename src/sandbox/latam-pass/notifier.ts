import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type NotificationTarget } from '../notification-target.js';
import { LatamPassSettings } from './settings.js';

/** LATAM Pass retries for at most seven days ("Accrual notification"). */
const KEEP_TRYING_MS = 7 * 24 * 3_600_000;
const ANSWER_WITHIN_MS = 10_000;

export interface Delivery {
  readonly dueAt: number;
  readonly body: string;
}

/** One signal ends all deliveries. Node would warn of more than ten listeners. */
function stopper(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Delivers notifications in order. Each is sent until it is answered 2xx. */
@Injectable()
export class Notifier implements OnModuleDestroy {
  private stopping = stopper();

  constructor(private readonly settings: LatamPassSettings) {}

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /** Drops all undelivered notifications. */
  forget(): void {
    this.stopping.abort();
    this.stopping = stopper();
  }

  /** Calls `delivered` after each delivery. Ends early without a target, and when the sandbox stops. */
  async deliver(deliveries: readonly Delivery[], delivered: () => void): Promise<void> {
    const target = this.settings.notifications;
    const { signal } = this.stopping;
    if (!target) return;
    try {
      for (const delivery of deliveries) {
        await sleep(Math.max(0, delivery.dueAt - Date.now()), undefined, { signal, ref: false });
        if (!(await this.insist(target, delivery, signal))) return;
        delivered();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Makes one attempt at once. Returns true when it was answered 2xx. */
  async tryOnce(body: string): Promise<boolean> {
    const target = this.settings.notifications;
    return target !== undefined && this.attempt(target, body, this.stopping.signal);
  }

  private async attempt(target: NotificationTarget, body: string, signal: AbortSignal): Promise<boolean> {
    const code = Buffer.from(`${target.username}:${target.password}`).toString('base64');
    try {
      const response = await fetch(target.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Basic ${code}` },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  private async insist(target: NotificationTarget, delivery: Delivery, signal: AbortSignal): Promise<boolean> {
    const [firstPauseMs, longestPauseMs] = this.settings.notificationRetryMs;
    let pauseMs = firstPauseMs;
    while (Date.now() < delivery.dueAt + KEEP_TRYING_MS) {
      if (await this.attempt(target, delivery.body, signal)) return true;
      await sleep(pauseMs, undefined, { signal, ref: false });
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
    return false;
  }
}
