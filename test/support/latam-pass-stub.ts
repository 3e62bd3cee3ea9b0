import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One scripted answer; `drop` closes the connection without an answer. */
export type StubAnswer =
  'drop' | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

/** The answers of the stub, in this order. The last one of a list is repeated. */
export interface StubScript {
  readonly token?: readonly StubAnswer[];
  readonly submit: readonly StubAnswer[];
  /** `id` is the partnerAccrualId of the accrual that was submitted last. */
  readonly find?: readonly ((id: string) => StubAnswer)[];
}

const TOKEN: StubAnswer = { status: 201, body: { access_token: 'stub-token', expires_in: 3600 } };

/** A scripted LATAM Pass, for answers that the sandbox cannot give. */
export class LatamPassStub {
  readonly submitted: string[] = [];
  readonly queries: string[] = [];
  logins = 0;
  strays = 0;
  private script: StubScript = { submit: ['drop'] };
  private readonly server = createServer((request, response) => void this.serve(request, response));
  private origin = '';

  /** Starts the stub. Returns the environment variables with which a gateway calls it. */
  async listen(): Promise<Record<string, string>> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the stub has no address');
    this.origin = `http://127.0.0.1:${address.port}`;
    return { LATAM_PASS_BASE_URL: this.origin, LATAM_PASS_ENVIRONMENT: 'production' };
  }

  get elsewhere(): string {
    return `${this.origin}/elsewhere`;
  }

  play(script: StubScript): void {
    this.script = script;
    this.submitted.length = 0;
    this.queries.length = 0;
    this.logins = 0;
    this.strays = 0;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const answer = this.answerTo(request, Buffer.concat(chunks).toString());
    if (answer === 'drop') {
      request.socket.destroy();
      return;
    }
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.status === 204 ? undefined : text);
  }

  private answerTo(request: IncomingMessage, body: string): StubAnswer {
    const url = request.url ?? '';
    if (url === '/oauth/access-token') return pick(this.script.token ?? [TOKEN], this.logins++);
    if (!url.startsWith('/v2/customer/loyalty/partner/accrual')) {
      this.strays += 1;
      return { status: 200, body: { correlationId: 'stray' } };
    }
    if (request.method === 'POST') return pick(this.script.submit, this.submitted.push(body) - 1);
    const find = pick(this.script.find ?? [() => ({ status: 404, body: {} })], this.queries.push(url) - 1);
    return find(idOf(this.submitted.at(-1) ?? '{}'));
  }
}

function pick<T>(list: readonly T[], index: number): T {
  const found = list[Math.min(index, list.length - 1)];
  if (found === undefined) throw new Error('the script has no answer');
  return found;
}

function idOf(body: string): string {
  return /"partnerAccrualId":"([^"]+)"/.exec(body)?.[1] ?? '';
}
