/** Nest 12 is ESM only, and jest runs such an application on Node 24 or newer alone. */
const OLDEST_NODE_MAJOR = 24;

const nodeMajor = Number.parseInt(process.versions.node, 10);
if (nodeMajor < OLDEST_NODE_MAJOR) {
  throw new Error(
    `The tests need Node ${OLDEST_NODE_MAJOR} or newer, and this is ${process.version}. ` +
      'Run them with `npm test`: the right Node is installed beside the dependencies, and npm scripts find it first.',
  );
}
if (!process.execArgv.concat(process.env.NODE_OPTIONS ?? '').some((flag) => flag.includes('experimental-vm-modules'))) {
  throw new Error('jest runs ES modules only under `node --experimental-vm-modules`: run the tests with `npm test`.');
}

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testRegex: ['\\.spec\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  setupFiles: ['<rootDir>/test/support/setup.mjs'],
  reporters: [
    '<rootDir>/test/support/same-failure-reporter.mjs',
    'default',
    '<rootDir>/test/support/closing-line-reporter.mjs',
  ],
  maxWorkers: 2,
  workerIdleMemoryLimit: '400MB',
  testTimeout: 30_000,
  forceExit: false,
  errorOnDeprecated: true,
};
