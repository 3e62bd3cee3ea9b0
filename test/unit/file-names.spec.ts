import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '..', '..', 'src');

const DECORATED = /^@(?:Injectable|Controller|Module|Catch)\(/m;
const SUFFIX = /\.(?:service|job|guard|filter|strategy|factory|presenter|controller|module)\.ts$/;
/** The code by which a background job is recognized. */
const TIMED = /^ {2}@(?:Every|Cron)\(|\bjobs\.add\(/m;

/** The gateway's files without the sandbox, which has its own naming rules. */
const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('sandbox'),
);

function those(pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(readFileSync(join(SOURCE, file), 'utf8')));
}

it('a class that Nest creates is in a file whose name says what it is', () => {
  const decorated = those(DECORATED);
  expect(decorated.length).toBeGreaterThan(100);
  expect(decorated.filter((file) => !SUFFIX.test(file))).toEqual([]);
});

it('a file that is named a job does background work', () => {
  const jobs = files.filter((file) => file.endsWith('.job.ts'));
  const timed = those(TIMED);
  expect(jobs.length).toBeGreaterThan(5);
  expect(jobs.filter((file) => !timed.includes(file))).toEqual([]);
});
