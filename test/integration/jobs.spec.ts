import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Global, Injectable, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { registry } from '../../src/common/metrics.js';
import { Config, readConfig } from '../../src/config/config.js';
import { Every } from '../../src/jobs/every.decorator.js';
import { JobsModule } from '../../src/jobs/jobs.module.js';
import { Jobs } from '../../src/jobs/jobs.service.js';

const EVERY_MS = 10;
const JOBS = pathToFileURL(join(import.meta.dirname, '../../dist/jobs/jobs.service.js')).href;

@Injectable()
class Recorder implements BeforeApplicationShutdown {
  readonly events: string[] = [];
  private slow = 0;
  private failures = 0;

  /** A job whose run takes five intervals. */
  @Every(EVERY_MS)
  async slowly(ending: AbortSignal): Promise<void> {
    this.slow += 1;
    const run = this.slow;
    this.events.push(`${run} begins`);
    await sleep(5 * EVERY_MS);
    this.events.push(`${run} ends${ending.aborted ? ' at shutdown' : ''}`);
  }

  @Every(EVERY_MS)
  fails(): void {
    this.failures += 1;
    if (this.failures === 1) throw new RangeError('never logged');
  }

  /** Other parts end before the scheduler, whose timers run until then. */
  async beforeApplicationShutdown(): Promise<void> {
    await sleep(7 * EVERY_MS);
  }

  get runsAfterFailure(): number {
    return this.failures - 1;
  }
}

@Global()
@Module({
  providers: [{ provide: Config, useValue: readConfig({ SHUTDOWN_GRACE_MS: '200' }).config }, Recorder],
  exports: [Config],
})
class WorldModule {}

@Module({ imports: [JobsModule, WorldModule] })
class TestModule {}

async function start(): Promise<{ recorder: Recorder; jobs: Jobs; close: () => Promise<void> }> {
  const app = await NestFactory.createApplicationContext(TestModule, { logger: false });
  return { recorder: app.get(Recorder), jobs: app.get(Jobs), close: () => app.close() };
}

async function failuresCounted(): Promise<number> {
  return counted('job_failed');
}

async function counted(kind: string): Promise<number> {
  const found = new RegExp(`^gateway_alarms_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(await registry.metrics());
  return Number(found?.[1]);
}

it('a run of a job never overlaps the run before it, and shutdown waits for the last one', async () => {
  const { recorder, close } = await start();
  while (recorder.events.at(-1) !== '3 begins') await sleep(1);
  await close();
  const expected = ['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends at shutdown'];
  expect(recorder.events).toEqual(expected);
});

it('a failed run raises an alarm, and the next run follows', async () => {
  const before = await failuresCounted();
  const { recorder, close } = await start();
  await sleep(8 * EVERY_MS);
  await close();
  expect(await failuresCounted()).toBe(before + 1);
  expect(recorder.runsAfterFailure).toBeGreaterThan(1);
});

it('the log names the job that failed, and not the text of its error', async () => {
  const script = `
    const { Jobs } = await import(${JSON.stringify(JOBS)});
    const jobs = new Jobs({}, null, null, null, { addInterval: () => undefined });
    const work = () => { throw new RangeError('never logged'); };
    jobs.add({ name: 'a named job', everyMs: 60_000, work });
    jobs.add({ name: 'this one', everyMs: 1, work: () => { work(); } });
    setTimeout(() => process.exit(), 200);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout).toMatch(/"level":"error".*"alarm":"job_failed","job":"this one","error":"RangeError"/);
  expect(stdout).not.toMatch(/never logged|a named job/);
});

it('shutdown waits no longer than the grace period for a run that hangs', async () => {
  const { jobs, close } = await start();
  let begun = 0;
  const hangs = (): Promise<void> => {
    begun += 1;
    return new Promise(() => undefined);
  };
  jobs.add({ name: 'hangs', everyMs: EVERY_MS, work: hangs });
  await sleep(5 * EVERY_MS);
  const startedAtMs = performance.now();
  await close();
  expect(begun).toBe(1);
  expect(performance.now() - startedAtMs).toBeGreaterThan(150);
  expect(performance.now() - startedAtMs).toBeLessThan(1_000);
});

it('a run that does not end raises an alarm every hour, and a run that ends in time none', async () => {
  const { jobs, close } = await start();
  import.meta.jest.useFakeTimers();
  const before = await counted('job_stuck');
  expect(before).toBeGreaterThanOrEqual(0);
  jobs.add({ name: 'never ends', everyMs: 60_000, work: () => new Promise(() => undefined) });
  jobs.add({ name: 'takes 50 minutes', everyMs: 60_000, work: () => sleep50Minutes() });
  await import.meta.jest.advanceTimersByTimeAsync(60 * 60_000);
  expect(await counted('job_stuck')).toBe(before);
  await import.meta.jest.advanceTimersByTimeAsync(120 * 60_000);
  expect(await counted('job_stuck')).toBe(before + 2);
  import.meta.jest.useRealTimers();
  await close();
});

it.each([2 ** 31, Number.POSITIVE_INFINITY, 0, Number.NaN])('an interval of %d ms is refused', async (everyMs) => {
  const { jobs, close } = await start();
  let runs = 0;
  const work = (): void => {
    runs += 1;
  };
  expect(() => jobs.add({ name: 'rarely', everyMs, work })).toThrow(/the interval of the job rarely is not from 1 to/);
  await sleep(2 * EVERY_MS);
  expect(runs).toBe(0);
  await close();
});

function sleep50Minutes(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50 * 60_000));
}
