import { exitOnSignals } from './boot/early-signals.js';

/** Nest 12 needs the ES modules and decorators of this version. */
const OLDEST_NODE_MAJOR = 24;

/** The application is imported only after this check, because an older Node cannot load the packages. */
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR) {
  process.stderr.write(
    `The gateway needs Node ${OLDEST_NODE_MAJOR} or newer, and this is ${process.version}.\n` +
      'Start it with `npm start`: the right Node is installed with the dependencies, and npm uses it.\n',
  );
  process.exitCode = 1;
} else {
  const release = exitOnSignals(0);
  const { start } = await import('./boot/start.js');
  const started = start(process.env);
  release();
  await started;
}
