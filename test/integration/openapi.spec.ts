import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

it('openapi.json is generated from the built application; otherwise run `npm run openapi`', () => {
  const said = execFileSync(process.execPath, [join(PROJECT_FOLDER, 'dist/cli/openapi.js')], { encoding: 'utf8' });
  expect(said).toBe(readFileSync(join(PROJECT_FOLDER, 'openapi.json'), 'utf8'));
}, 30_000);

it('describes every response', () => {
  const document = readFileSync(join(PROJECT_FOLDER, 'openapi.json'), 'utf8');
  expect(document).toContain('"description": "OK"');
  expect(document).not.toMatch(/"description": "\s*"/);
});
