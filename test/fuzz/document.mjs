const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Expensive routes, and routes that return all rows: they are chosen rarely. */
const RARE = /\/export$|\/verify$|\/operators$|\/password$|\/metrics$|\/erase$/;
const RARE_SHARE = 0.15;
/** Routes that create objects for other requests: they are chosen more often. */
const CREATES =
  /^POST \/v1\/(?:accruals|passes|topups|cobranded|webhook-endpoints|admin\/apps|admin\/apps\/\{id\}\/keys)$/;
const CREATES_WEIGHT = 5;

/** The OpenAPI document that the gateway serves. */
export class Document {
  constructor(spec) {
    this.spec = spec;
    this.codes = new Set(spec.components.schemas.ProblemDto.properties.code.enum);
    this.providers = spec.components.schemas.ProviderHealthDto.properties.name.enum;
    this.operations = Object.entries(spec.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => operationOf(method.toUpperCase(), path, item[method])),
    );
    const total = this.operations.reduce((sum, { weight }) => sum + weight, 0);
    this.pick = (random) => {
      let left = random.next() * total;
      return this.operations.find(({ weight }) => (left -= weight) < 0) ?? this.operations[0];
    };
  }

  /** The schema behind a reference, a single `allOf`, or an `anyOf` with null; it has one type, and says if it is nullable. */
  resolve(schema) {
    if (schema.anyOf) return { ...this.resolve(schema.anyOf.find(({ type }) => type !== 'null')), nullable: true };
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (reference === undefined) return withOneType(schema);
    return this.resolve(
      reference
        .slice(2)
        .split('/')
        .reduce((place, name) => place[name], this.spec),
    );
  }

  /** The documented operation of a request; null: none. HEAD counts as GET. */
  match(method, target) {
    const segments = segmentsOf(target.split(/[?#]/)[0]);
    if (segments === null) return null;
    const wanted = method === 'HEAD' ? 'GET' : method;
    const fits = this.operations.filter(
      (operation) =>
        operation.method === wanted &&
        operation.segments.length === segments.length &&
        operation.segments.every((name, at) => (name.startsWith('{') ? segments[at] !== '' : name === segments[at])),
    );
    return fits.sort((a, b) => a.parameters.path.length - b.parameters.path.length)[0] ?? null;
  }

  /** The place where a value differs from its schema; null: none. Formats and patterns are not checked. */
  difference(schema, value, at = '') {
    const is = this.resolve(schema);
    if (value === null) return is.nullable || is.type === undefined ? null : `${at} is null`;
    if (is.enum && !is.enum.includes(value)) return `${at} is none of the documented values`;
    if (is.type === 'array') {
      if (!Array.isArray(value)) return `${at} is no array`;
      return first(value.map((item, index) => () => this.difference(is.items ?? {}, item, `${at}/${index}`)));
    }
    if (is.type === 'object' || is.properties) return this.#objectDifference(is, value, at);
    if (is.type === 'integer') return Number.isInteger(value) ? null : `${at} is no integer`;
    return is.type === undefined || typeof value === is.type ? null : `${at} is no ${is.type}`;
  }

  #objectDifference({ properties = {}, required = [], additionalProperties = {} }, value, at) {
    if (typeof value !== 'object' || Array.isArray(value)) return `${at} is no object`;
    const missing = required.find((name) => value[name] === undefined);
    if (missing) return `${at}/${missing} is missing`;
    const other = additionalProperties === true ? {} : additionalProperties;
    return first(
      Object.entries(value).map(
        ([name, member]) =>
          () =>
            this.difference(properties[name] ?? other, member, `${at}/${name}`),
      ),
    );
  }
}

function withOneType(schema) {
  if (!Array.isArray(schema.type)) return schema;
  const [type] = schema.type.filter((name) => name !== 'null');
  return { ...schema, type, nullable: schema.type.includes('null') };
}

function first(checks) {
  for (const check of checks) {
    const found = check();
    if (found !== null) return found;
  }
  return null;
}

function segmentsOf(path) {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return null;
  }
}

function operationOf(method, path, spec) {
  const parameters = { path: [], query: [], header: [] };
  for (const parameter of spec.parameters ?? []) parameters[parameter.in].push(parameter);
  const name = `${method} ${path}`;
  return {
    name,
    method,
    path,
    parameters,
    segments: path.split('/'),
    caller: Object.keys(spec.security?.[0] ?? {})[0] ?? 'public',
    body: spec.requestBody?.content ?? null,
    responses: new Map(
      Object.entries(spec.responses).map(([status, response]) => [Number(status), responseOf(response)]),
    ),
    weight: CREATES.test(name) ? CREATES_WEIGHT : RARE.test(path) ? RARE_SHARE : 1,
  };
}

/** A documented response. The description of a refusal contains its codes. */
function responseOf({ description, content = {} }) {
  return {
    codes: [...description.matchAll(/`([a-z_]+)`/g)].map((match) => match[1]),
    schema: content['application/json']?.schema ?? null,
  };
}
