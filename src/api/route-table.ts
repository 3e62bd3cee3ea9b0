/** The served paths and their methods, to distinguish a wrong method from a wrong path. */
export class RouteTable {
  private readonly methods = new Map<string, Set<string>>();

  /** `pattern` in the router's syntax: `/v1/passes/:passId`, `/docs/*`. */
  add(method: string | readonly string[], pattern: string): void {
    const methods = this.methods.get(pattern) ?? new Set<string>();
    for (const name of typeof method === 'string' ? [method] : method) methods.add(name);
    this.methods.set(pattern, methods);
  }

  allowedMethods(url: string): string[] {
    const path = (url.split(/[?#]/, 1)[0] ?? '').split('/');
    const found = new Set<string>();
    for (const [pattern, methods] of this.methods) {
      if (!matches(pattern.split('/'), path)) continue;
      for (const method of methods) found.add(method);
    }
    return [...found].sort();
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.at(-1) === '*') return path.length >= pattern.length && startsLike(pattern.slice(0, -1), path);
  return pattern.length === path.length && startsLike(pattern, path);
}

function startsLike(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.every((part, index) => (part.startsWith(':') ? path[index] !== '' : part === path[index]));
}
