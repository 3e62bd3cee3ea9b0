/** A provider's answer. It is sent `afterMs` milliseconds after the effect. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly afterMs?: number;
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(value) };
}

/** A JSON object whose last member is an amount with two decimals (`990.00`), which JSON.stringify cannot write. */
export function jsonWithMoney(status: number, value: object, name: string, amount: string): Answer {
  const head = JSON.stringify(value).slice(0, -1);
  return { status, headers: JSON_HEADERS, body: `${head},${JSON.stringify(name)}:${amount}}` };
}

/** A page such as a firewall in front of a provider sends instead of JSON. */
export function html(status: number): Answer {
  const reference = `18.${Date.now().toString(16)}.1731927301.5d3a4c`;
  const body =
    '<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n' +
    `You don't have permission to access this server.<P>\nReference #${reference}\n</BODY>\n</HTML>\n`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}

/** Thrown where a provider refuses a request; nothing was executed. */
export class Refusal extends Error {
  constructor(readonly answer: Answer) {
    super(`refused with ${answer.status}`);
  }
}
