import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** `npm start`: builds when the sources are newer than the build, then runs the gateway in this process. */
const PROJECT_FOLDER = join(import.meta.dirname, '..');
const ENTRY = join(PROJECT_FOLDER, 'dist', 'main.js');

function isBuildOutdated() {
  const built = statSync(ENTRY, { throwIfNoEntry: false });
  if (!built) return true;
  const sources = readdirSync(join(PROJECT_FOLDER, 'src'), { recursive: true, withFileTypes: true });
  return sources.some(
    (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > built.mtimeMs,
  );
}

if (isBuildOutdated()) {
  process.stderr.write('Building the gateway …\n');
  const nest = join(PROJECT_FOLDER, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const { status } = spawnSync(process.execPath, [nest, 'build'], { cwd: PROJECT_FOLDER, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
await import(ENTRY);
