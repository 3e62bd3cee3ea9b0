/**
 * What may import what. A provider is its folder, its sandbox folder, and a line each in app.module.ts and in the two lists
 * (providers/manifests.ts, sandbox/providers.ts); these rules and test/unit/provider-names.spec.ts keep it so.
 * Types count as imports: a cycle or a shortcut through a type binds two files just as much.
 */

/** Where a process starts, and what a script reads; every other file must be reachable from one of them. */
const ENTRIES = '^src/(main|cli/[^/]+|sandbox/main|privacy/retention)\\.ts$';

/** What every provider folder may use, besides itself and the packages. */
const LENT_TO_PROVIDERS = [
  '^src/(connector|outbound|operations|funds|ledger|api|access|readers|common)/',
  '^src/(config/(config|reader|variables|provider-reader|notification-credentials)|crypto/app-vault)\\.ts$',
  // The vocabulary of statements.
  '^src/reconciliation/statements/(reading/(line-cells|statement-format)|fast-path/bloom-filter)\\.ts$',
  // For a provider's own tables: read through a cache, written by its own routes.
  '^src/database/database\\.ts$',
];

/** What webhooks may use, besides the packages. Of the ledger and of operations only what reads and shows. */
const LENT_TO_WEBHOOKS = [
  '^src/(access|api|common|config|crypto|database|jobs|readers)/',
  '^src/ledger/(model|reads|chain)/',
  '^src/operations/(operations\\.module\\.ts$|http/|transactions/)',
  '^src/outbound/(proxy-connector|tls-failure)\\.ts$',
  '^src/providers/(declared|units)\\.ts$',
];

/** The folders of operations, and which of their neighbors each may import. The files beside them are for all. */
const OPERATIONS = {
  http: [],
  execution: [],
  submission: ['execution'],
  transactions: ['http'],
  intake: ['submission', 'transactions'],
  'provider-admin': ['execution', 'http'],
  resolution: ['execution', 'transactions', 'http'],
};

const HTTP_PACKAGES = '(^|/)node_modules/(axios|undici|fastify|@nestjs/axios|@nestjs/platform-fastify)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'provider-imports-only-what-is-lent-to-it',
      comment: 'A provider must be removable, and know neither another provider nor the inside of the gateway.',
      severity: 'error',
      from: { path: '^src/providers/([^/]+)/' },
      to: { path: '^src/', pathNot: ['^src/providers/$1/', ...LENT_TO_PROVIDERS] },
    },
    {
      name: 'only-the-app-module-and-the-list-import-a-provider',
      comment:
        'Every other file speaks to providers through connector/, and asks providers/declared.ts for their lists.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(app\\.module|providers/manifests)\\.ts$', '^src/providers/[^/]+/'] },
      to: { path: '^src/providers/[^/]+/' },
    },
    {
      name: 'sandbox-stands-alone',
      comment: 'A simulator that shares code with the gateway shares its misunderstandings.',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^src/', pathNot: '^src/sandbox/' },
    },
    {
      name: 'the-gateway-only-starts-the-sandbox',
      comment: 'Simulated providers are reached over HTTP, like real ones.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sandbox/' },
      to: { path: '^src/sandbox/', pathNot: '^src/sandbox/sandbox\\.ts$' },
    },
    {
      name: 'a-simulated-provider-knows-no-other',
      comment: 'A simulated provider must be removable.',
      severity: 'error',
      from: { path: '^src/sandbox/([^/]+)/' },
      to: { path: '^src/sandbox/[^/]+/', pathNot: '^src/sandbox/$1/' },
    },
    {
      name: 'only-the-list-imports-a-simulated-provider',
      comment: 'The rest of the sandbox works with whatever src/sandbox/providers.ts lists.',
      severity: 'error',
      from: { path: '^src/sandbox/[^/]+\\.ts$', pathNot: '^src/sandbox/providers\\.ts$' },
      to: { path: '^src/sandbox/[^/]+/' },
    },
    {
      name: 'ledger-knows-no-provider',
      comment: 'The ledger records what happened; who called, how and where is not its business.',
      severity: 'error',
      from: { path: '^src/ledger/' },
      to: {
        path: '^src/(providers/|outbound/|operations/|notifications/|reconciliation/|api/|access/|sandbox/)',
      },
    },
    {
      name: 'operations-know-neither-their-readers-nor-providers',
      comment: 'Rooms that build on operations register their own controllers and jobs.',
      severity: 'error',
      from: { path: '^src/operations/' },
      to: {
        path: '^src/(providers/[^/]+/|reconciliation|notifications|funds|privacy|ledger-admin|health|boot|cli|sandbox|embedded-postgres)/',
      },
    },
    ...Object.entries(OPERATIONS).map(([folder, neighbors]) => ({
      name: `operations-${folder}-imports-only-its-neighbors`,
      comment: `${folder} may import: ${neighbors.join(', ') || 'no other folder of operations'}.`,
      severity: 'error',
      from: { path: `^src/operations/${folder}/` },
      to: {
        path: ['^src/operations/[^/]+/', '^src/operations/operations\\.module\\.ts$'],
        pathNot: [folder, ...neighbors].map((name) => `^src/operations/${name}/`),
      },
    })),
    {
      name: 'every-folder-of-operations-has-its-row',
      comment: 'A new folder needs a row in OPERATIONS before it may import another.',
      severity: 'error',
      from: {
        path: '^src/operations/[^/]+/',
        pathNot: Object.keys(OPERATIONS).map((name) => `^src/operations/${name}/`),
      },
      to: { path: '^src/operations/[^/]+/' },
    },
    {
      name: 'files-beside-the-folders-of-operations-import-none-of-them',
      severity: 'error',
      from: { path: '^src/operations/[^/]+\\.ts$', pathNot: '^src/operations/operations\\.module\\.ts$' },
      to: { path: '^src/operations/[^/]+/' },
    },
    {
      name: 'execution-is-used-by-operations-alone',
      comment: 'Others submit an operation, or resolve one; how it is sent is decided in one place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/operations/' },
      to: { path: '^src/operations/execution/' },
    },
    {
      name: 'webhooks-only-report',
      comment: 'They report what the ledger has. They decide nothing, and write their own tables alone.',
      severity: 'error',
      from: { path: '^src/webhooks/' },
      to: { path: '^src/', pathNot: ['^src/webhooks/', ...LENT_TO_WEBHOOKS] },
    },
    {
      name: 'webhooks-have-few-doors',
      comment: 'The app has their module, the OpenAPI document their description, purge and erasure what they delete.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/webhooks/' },
      to: {
        path: '^src/webhooks/',
        pathNot: [
          '^src/webhooks/(webhooks\\.module|openapi-webhooks)\\.ts$',
          '^src/webhooks/[^/]+/(delete|destroy)-[^/]+\\.ts$',
        ],
      },
    },
    {
      name: 'ledger-knows-no-http',
      severity: 'error',
      from: { path: '^src/ledger/' },
      to: { path: [HTTP_PACKAGES, '^(node:)?https?2?$'] },
    },
    {
      name: 'readers-import-nothing-of-ours',
      comment: 'Readers of outside data are pure: everything may use them, and they know no other room.',
      severity: 'error',
      from: { path: '^src/readers/' },
      to: { path: '^src/', pathNot: '^src/readers/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: [ENTRIES, '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'no-dead-files',
      comment: 'Not reachable from where any process starts.',
      severity: 'error',
      from: { path: ENTRIES },
      to: { path: '^src/', pathNot: [ENTRIES, '\\.d\\.ts$', '\\.spec\\.ts$'], reachable: false },
    },
    {
      name: 'production-needs-no-development-package',
      comment: 'The production image has none of them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '(^|/)node_modules/@types/' },
    },
    {
      name: 'everything-imported-exists',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
