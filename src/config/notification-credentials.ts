import { parseRecord } from '../readers/json.js';
import type { EnvironmentReader } from './reader.js';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/;

/** The credentials with which a provider authenticates its notifications. */
export interface NotificationCredentials {
  /** HTTP Basic credentials. None: no notifications are accepted. Two: a rotation is in progress. */
  readonly pairs: readonly NotificationPair[];
  /** Headers, by lower-case name, that every notification must also have. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface NotificationPair {
  readonly username: string;
  readonly password: string;
}

/** The variables of a provider's notification credentials. */
export interface NotificationVariables<Name extends string> {
  readonly username: Name;
  readonly password: Name;
  /** A second pair that is valid at the same time, for a rotation. */
  readonly username2: Name;
  readonly password2: Name;
  /** JSON: static headers. */
  readonly headers: Name;
}

export function readNotificationCredentials<Name extends string>(
  read: EnvironmentReader<Name>,
  names: NotificationVariables<Name>,
): NotificationCredentials {
  const first = readPair(read, names.username, names.password);
  const second = readPair(read, names.username2, names.password2);
  if (first === null && second !== null) {
    read.fail(names.username2, 'is for a rotation: set the first pair, without _2, too');
  }
  return { pairs: [first, second].filter((pair) => pair !== null), headers: readHeaders(read, names.headers) };
}

function readPair<Name extends string>(
  read: EnvironmentReader<Name>,
  userName: Name,
  passwordName: Name,
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
  if (username.includes(':'))
    read.fail(userName, 'must not contain a colon: HTTP Basic does not allow it in a user name');
  return { username, password };
}

function readHeaders<Name extends string>(read: EnvironmentReader<Name>, variable: Name): Record<string, string> {
  const value = read.text(variable);
  if (value === null) return {};
  const headers = new Map<string, string>();
  for (const [name, text] of Object.entries(parseRecord(value) ?? { '': null })) {
    const key = name.toLowerCase();
    if (headers.has(key)) read.fail(variable, 'names a header twice: upper and lower case make no difference');
    if (HEADER_NAME.test(key) && typeof text === 'string') headers.set(key, text);
    else read.fail(variable, 'must be a JSON object of header names and values, e.g. {"x-api-key":"…"}');
  }
  // Assigning to a plain object would lose the name __proto__.
  return Object.fromEntries(headers);
}
