import { join } from 'node:path';
import { isRecord, type JsonRecord } from '../readers/json.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';

/** The credentials that were generated for an embedded database. They are stored so that later starts can show them. */
export interface GeneratedCredentials {
  readonly operator?: { readonly username: string; readonly password: string };
  readonly app?: { readonly appId: string; readonly keyId: string; readonly secret: string };
}

const FILE = 'credentials.json';

export function credentialsFile(dataDir: string): string {
  return join(dataDir, FILE);
}

/** Returns an empty object when the file is missing or unreadable. */
export async function readCredentials(dataDir: string): Promise<GeneratedCredentials> {
  const text = await readPrivateFile(credentialsFile(dataDir));
  if (text === null) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isRecord(parsed)) return {};
    const operator = texts(parsed['operator'], ['username', 'password']);
    const app = texts(parsed['app'], ['appId', 'keyId', 'secret']);
    return { ...(operator && { operator }), ...(app && { app }) };
  } catch {
    return {};
  }
}

export async function writeCredentials(dataDir: string, credentials: GeneratedCredentials): Promise<void> {
  await writePrivateFile(credentialsFile(dataDir), `${JSON.stringify(credentials, null, 2)}\n`);
}

/** Returns the named members if all of them are strings, otherwise null. */
function texts<const Name extends string>(value: unknown, names: readonly Name[]): Record<Name, string> | null {
  const isComplete = (record: JsonRecord): record is Record<Name, string> =>
    names.every((name) => typeof record[name] === 'string');
  return isRecord(value) && isComplete(value) ? value : null;
}
