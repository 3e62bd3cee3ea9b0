/** Nest 12 needs ES modules and decorators as this version has them. */
const OLDEST_NODE_MAJOR = 24;

/** Imported only afterwards: an older Node cannot even read the packages. */
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR) {
  process.stderr.write(
    `The gateway needs Node ${OLDEST_NODE_MAJOR} or newer, and this is ${process.version}.\n` +
      'Start it with `npm start`: the right Node is installed beside the dependencies, and npm finds it first.\n',
  );
  process.exitCode = 1;
} else {
  const { start } = await import('./boot/start.js');
  await start(process.env);
}
