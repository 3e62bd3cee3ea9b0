import { parseRecord } from '../readers/json.js';
import type { EnvironmentReader } from './reader.js';
import type { VariableName } from './variables.js';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/;

/** A Basic pair with which LATAM Pass authenticates its notifications. */
export interface NotificationPair {
  readonly username: string;
  readonly password: string;
}

export function readPairs(read: EnvironmentReader): NotificationPair[] {
  const first = readPair(read, 'LATAM_PASS_NOTIFICATION_USERNAME', 'LATAM_PASS_NOTIFICATION_PASSWORD');
  const second = readPair(read, 'LATAM_PASS_NOTIFICATION_USERNAME_2', 'LATAM_PASS_NOTIFICATION_PASSWORD_2');
  if (first === null && second !== null) {
    read.fail('LATAM_PASS_NOTIFICATION_USERNAME_2', 'is for a rotation: set the first pair, without _2, before');
  }
  return [first, second].filter((pair) => pair !== null);
}

function readPair(
  read: EnvironmentReader,
  userName: VariableName,
  passwordName: VariableName,
): NotificationPair | null {
  const username = read.text(userName);
  const password = read.text(passwordName);
  if (username === null && password === null) return null;
  if (username === null || password === null) {
    const missing = username === null ? userName : passwordName;
    const present = username === null ? passwordName : userName;
    read.fail(missing, `is not set, but ${present} is: a pair needs both`);
    return null;
  }
  if (username.includes(':')) read.fail(userName, 'must not contain a colon: HTTP Basic cannot carry it');
  return { username, password };
}

export function readHeaders(read: EnvironmentReader): Record<string, string> {
  const value = read.text('LATAM_PASS_NOTIFICATION_HEADERS');
  if (value === null) return {};
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(parseRecord(value) ?? { '': null })) {
    if (HEADER_NAME.test(name.toLowerCase()) && typeof text === 'string') headers[name.toLowerCase()] = text;
    else {
      const what = 'must be a JSON object of header names and values, e.g. {"x-api-key":"…"}';
      read.fail('LATAM_PASS_NOTIFICATION_HEADERS', what);
    }
  }
  return headers;
}
