import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/* A copy of the project with a fourth provider: the folders of test/fixtures/fourth-provider, and three entries in lists. */

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');
const FIXTURE = join(PROJECT_FOLDER, 'test', 'fixtures', 'fourth-provider');
const COPIED = [
  'src',
  'package.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'eslint.config.mjs',
  '.dependency-cruiser.cjs',
];
const BUILD_TIMEOUT_MS = 120_000;

interface Entry {
  readonly file: string;
  /** A text that the file contains exactly once, and its replacement. */
  readonly from: string;
  readonly to: string;
}

const after = (file: string, from: string, added: string): Entry => ({ file, from, to: from + added });

/** All edits outside the provider's folders: an entry in each list, with its import. */
const ENTRIES: readonly Entry[] = [
  after(
    'src/app.module.ts',
    "import { LoyaltyLayerModule } from './providers/loyalty-layer/loyalty-layer.module.js';\n",
    "import { PuntosNorteModule } from './providers/puntos-norte/puntos-norte.module.js';\n",
  ),
  after('src/app.module.ts', '        LatcomModule,\n', '        PuntosNorteModule,\n'),
  after(
    'src/providers/manifests.ts',
    "import { LOYALTY_LAYER } from './loyalty-layer/manifest.js';\n",
    "import { PUNTOS_NORTE } from './puntos-norte/manifest.js';\n",
  ),
  {
    file: 'src/providers/manifests.ts',
    from: '[LATAM_PASS, LOYALTY_LAYER, LATCOM] as const',
    to: '[LATAM_PASS, LOYALTY_LAYER, LATCOM, PUNTOS_NORTE] as const',
  },
  after(
    'src/sandbox/providers.ts',
    "import { type SimulatedProvider } from './provider.js';\n",
    "import { puntosNorte } from './puntos-norte/puntos-norte.module.js';\n",
  ),
  { file: 'src/sandbox/providers.ts', from: 'loyaltyLayer, latcom]', to: 'loyaltyLayer, latcom, puntosNorte]' },
];

/** The folder of the copy, with its `dist`. It is built once in a run, by the first test file that needs it. */
export async function buildFourthProvider(): Promise<string> {
  const folder = join(runFolder(), 'fourth-provider');
  const [built, failed] = [join(folder, 'built'), join(folder, 'failed')];
  if (mkdirSync(folder, { recursive: true }) === undefined) {
    for (const giveUpAt = Date.now() + BUILD_TIMEOUT_MS; !existsSync(built); await sleep(100)) {
      if (existsSync(failed)) throw new Error(readFileSync(failed, 'utf8'));
      if (Date.now() > giveUpAt) throw new Error(`${folder} was not built within ${BUILD_TIMEOUT_MS} ms`);
    }
    return folder;
  }
  try {
    makeCopy(folder);
    await run(folder, '@nestjs/cli/bin/nest.js', 'build');
    writeFileSync(built, '');
    return folder;
  } catch (error) {
    writeFileSync(failed, String(error));
    throw error;
  }
}

/** Copies its `dist` and replaces one text in one file, to simulate a mistake of the provider's developer. */
export function mistaken(folder: string, name: string, file: string, from: string, to: string): string {
  const copy = join(runFolder(), `fourth-provider-${name}`);
  cpSync(join(folder, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(folder, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(PROJECT_FOLDER, 'node_modules'), join(copy, 'node_modules'));
  replaceIn(copy, { file: join('dist', file), from, to });
  return join(copy, 'dist');
}

/** Runs a program from `node_modules` in the folder. @throws Error with its output when it fails */
export async function run(folder: string, program: string, ...args: readonly string[]): Promise<void> {
  try {
    const script = join(PROJECT_FOLDER, 'node_modules', program);
    await promisify(execFile)(process.execPath, [script, ...args], { cwd: folder, timeout: BUILD_TIMEOUT_MS });
  } catch (error) {
    const output = ['stdout', 'stderr'].map((name) => String(Reflect.get(Object(error), name) ?? ''));
    throw new Error(`${program} ${args.join(' ')} failed:\n${output.join('')}`, { cause: error });
  }
}

function makeCopy(folder: string): void {
  for (const name of COPIED) cpSync(join(PROJECT_FOLDER, name), join(folder, name), { recursive: true });
  cpSync(join(FIXTURE, 'src'), join(folder, 'src'), { recursive: true, force: false, errorOnExist: true });
  for (const entry of ENTRIES) replaceIn(folder, entry);
  symlinkSync(join(PROJECT_FOLDER, 'node_modules'), join(folder, 'node_modules'));
}

function replaceIn(folder: string, { file, from, to }: Entry): void {
  const text = readFileSync(join(folder, file), 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} must contain this text once:\n${from}`);
  writeFileSync(
    join(folder, file),
    text.replace(from, () => to),
  );
}

/** The temporary folder of this run; it is removed with everything in it. */
function runFolder(): string {
  const logs = process.env['TEST_LOG_DIR'];
  if (logs === undefined) throw new Error('TEST_LOG_DIR is not set: run the tests with `npm test`');
  return dirname(logs);
}
