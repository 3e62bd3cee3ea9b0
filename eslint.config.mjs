import tseslint from 'typescript-eslint';

/**
 * The ways out to the network are `src/outbound` (to providers) and `src/webhooks/sending` (to partners): they alone have
 * the timeouts, the size caps and the allow-listed log.
 */
const OUTBOUND_MESSAGE =
  'Calls leave through src/outbound or src/webhooks/sending alone: they have the deadlines, the size cap and the safe log.';
const HTTP_MODULES = ['axios', 'undici', '@nestjs/axios', 'got', 'node-fetch'];
const NODE_HTTP_MODULES = ['http', 'https', 'http2', 'node:http', 'node:https', 'node:http2'];

const noOutsideCalls = {
  'no-restricted-globals': ['error', { name: 'fetch', message: OUTBOUND_MESSAGE }],
  'no-restricted-properties': ['error', { object: 'globalThis', property: 'fetch', message: OUTBOUND_MESSAGE }],
  'no-restricted-imports': [
    'error',
    {
      paths: [
        ...HTTP_MODULES.map((name) => ({ name, message: OUTBOUND_MESSAGE })),
        // Their types and constants are harmless.
        ...NODE_HTTP_MODULES.map((name) => ({
          name,
          importNames: ['default', 'request', 'get', 'connect', 'Agent', 'ClientRequest'],
          message: OUTBOUND_MESSAGE,
        })),
      ],
    },
  ],
};

const CHECKED_MESSAGE = 'A value is checked, not declared: narrow it, or parse it.';
const noDeclaredTypes = [
  { selector: 'TSAsExpression:not([typeAnnotation.typeName.name="const"])', message: CHECKED_MESSAGE },
];

/** What comes from outside is read exactly or refused: `Number("")` is 0, `JSON.parse` loses digits, `Date.parse` guesses. */
const READERS_MESSAGE =
  'Outside data becomes a number, a date or an object in src/readers alone: use its readers (readDecimal, readWholeNumber, parseRecord, readDateTime, …).';
const onlyReaders = [
  { selector: 'CallExpression[callee.name=/^(Number|parseInt|parseFloat)$/]', message: READERS_MESSAGE },
  {
    selector: 'CallExpression[callee.object.name="Number"][callee.property.name=/^parse(Int|Float)$/]',
    message: READERS_MESSAGE,
  },
  {
    selector: 'CallExpression[callee.object.name=/^(JSON|Date)$/][callee.property.name="parse"]',
    message: READERS_MESSAGE,
  },
];

/** Files whose numbers and JSON are our own: what this gateway, its configuration or its own database wrote. */
const READS_OWN_DATA = [
  // Of the runtime, of configuration, and of files in DATA_DIR.
  'src/main.ts',
  'src/config/**/*.ts',
  'src/boot/credentials.ts',
  'src/embedded-postgres/**/*.ts',
  // Numbers of statements that are written here: ages, counts, numbers of seals, gauges (no money is decided by them).
  'src/outbound/token-cache.service.ts',
  'src/ledger-admin/seal.job.ts',
  'src/ledger-admin/ledger.controller.ts',
  'src/funds/balance-watch.job.ts',
  'src/funds/balance.controller.ts',
  // The quantity of a stored accrual, and what this gateway has sealed itself.
  'src/providers/latam-pass/accruals/held-accruals.service.ts',
  'src/operations/sealed-payload.ts',
];

const strictTypeScript = {
  '@typescript-eslint/consistent-type-assertions': [
    'error',
    { assertionStyle: 'as', objectLiteralTypeAssertions: 'never', arrayLiteralTypeAssertions: 'never' },
  ],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  // Nest modules are classes without a body, by design of the framework.
  '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  // `process.env['NAME']` is what noPropertyAccessFromIndexSignature would ask for: both spellings are fine.
  '@typescript-eslint/dot-notation': 'off',
  // Rows and DTOs are classes for their decorators only: a literal of the same shape is as good as an instance.
  '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
  '@typescript-eslint/no-misused-spread': 'off',
  '@typescript-eslint/no-confusing-void-expression': 'off',
  // Controllers and strategies implement asynchronous interfaces, not always with something to wait for.
  '@typescript-eslint/require-await': 'off',
};

const house = {
  eqeqeq: 'error',
  'no-console': 'error',
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'eslint-disable'], location: 'anywhere' }],
};

export default tseslint.config(
  // The fourth provider is linted where its imports lead somewhere: in the copy that its test makes.
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.data/', 'test/fixtures/fourth-provider/'] },
  {
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: { ...strictTypeScript, ...house },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      ...noOutsideCalls,
      'no-restricted-syntax': ['error', ...noDeclaredTypes, ...onlyReaders],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/outbound/**/*.ts', 'src/webhooks/sending/**/*.ts', 'src/sandbox/**/*.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off', 'no-restricted-imports': 'off' },
  },
  {
    // The readers themselves; the sandbox, which shares nothing with the gateway; and what reads our own data.
    files: ['src/readers/**/*.ts', 'src/sandbox/**/*.ts', ...READS_OWN_DATA],
    rules: { 'no-restricted-syntax': ['error', ...noDeclaredTypes] },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: {
      'max-lines-per-function': 'off',
      // jest's asymmetric matchers (`expect.any`) are declared as `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip)$/]',
          message: 'Every test runs, always.',
        },
        {
          selector: 'CallExpression[callee.name=/^(fit|fdescribe|xit|xtest|xdescribe)$/]',
          message: 'Every test runs, always.',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    rules: house,
  },
  {
    // Programs for a terminal.
    files: ['scripts/**/*.mjs', 'test/bench/**/*.mjs', 'test/faults/**/*.mjs', 'test/fuzz/**/*.mjs'],
    rules: { 'no-console': 'off' },
  },
);
