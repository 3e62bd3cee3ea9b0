import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../readers/error-code.js';

const OWNER_ONLY = 0o600;

/** null when the file does not exist. */
export async function readPrivateFile(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a file that only its owner can read. It is never half-written, and it is flushed to disk. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.new`;
  await writeFile(draft, text, { mode: OWNER_ONLY, flush: true });
  // The mode above applies only to new files.
  await chmod(draft, OWNER_ONLY);
  await rename(draft, file);
}
