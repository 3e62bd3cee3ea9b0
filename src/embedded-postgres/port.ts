import { constants } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { errorCode } from '../readers/error-code.js';

const LOOPBACK = '127.0.0.1';

/** The port of the last start if it is free, so that other programs find the server again; otherwise any free port. */
export async function choosePort(portFile: string): Promise<number> {
  const last = await lastPort(portFile);
  if (last !== undefined && (await probe(last)) !== undefined) return last;
  const free = await probe(0);
  if (free === undefined) throw new Error('the system has no free port on 127.0.0.1');
  return free;
}

/** Stores the port for the next start. */
export async function rememberPort(portFile: string, port: number): Promise<void> {
  // Root may start another user's database: a planted link must not redirect this write.
  const noFollow = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;
  await writeFile(portFile, `${port}\n`, {
    flag: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | noFollow,
  });
}

async function lastPort(portFile: string): Promise<number | undefined> {
  try {
    const port = Number((await readFile(portFile, 'utf8')).trim());
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Binds the port for a moment and returns it; undefined when it is taken. */
function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
