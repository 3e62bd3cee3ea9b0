const REQUEST_TIMEOUT_MS = 30_000;

/** The credentials of a caller. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Options of a request. */
export interface RequestOptions {
  readonly auth?: Credentials;
  /** A string is sent unchanged, any other value as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with lower-case header names. The body is parsed if its content type is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Sends one request. Redirects are not followed. */
export async function request(
  base: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const headers = new Headers(options.headers);
  if (options.auth !== undefined) headers.set('authorization', basicAuth(options.auth));
  const { body } = options;
  if (body !== undefined && typeof body !== 'string' && !headers.has('content-type')) {
    headers.set('content-type', 'application/json');
  }
  const response = await fetch(base + path, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = text !== '' && /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  const parsed: unknown = isJson ? JSON.parse(text) : text;
  return { status: response.status, headers: Object.fromEntries(response.headers), body: parsed };
}

/** The value of an `Authorization: Basic` header. */
export function basicAuth({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The value at `path` in a parsed body; undefined when there is none. */
export function at(body: unknown, ...path: (string | number)[]): unknown {
  let value = body;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** The text at `path`. Throws an error with the whole body when there is none. */
export function textAt(body: unknown, ...path: (string | number)[]): string {
  const value = at(body, ...path);
  if (typeof value === 'string') return value;
  throw new Error(`no text at ${path.join('.')} in ${JSON.stringify(body)}`);
}
