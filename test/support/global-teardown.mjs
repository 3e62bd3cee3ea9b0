/** Stops the run's PostgreSQL; its folder goes when the process ends. */
export default async function globalTeardown() {
  await globalThis.testServer?.stop({ evenIfInUse: true });
}
