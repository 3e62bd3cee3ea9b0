import net from 'node:net';
import { randomBytes } from 'node:crypto';

/*
 * The load generator, a process of its own. It writes HTTP/1.1 by hand on keep-alive sockets, because on few cores its
 * CPU time slows down the measured programs. Every answer is checked. With `closed`, each connection sends its next
 * request after an answer, at most `most` in total. With `rate`, requests are due at fixed times, and their waiting
 * time counts.
 */

const run = randomBytes(4).toString('hex');
let count = 0;
/** Number of notifications per port. The accruals of a side are numbered, and each ends once. */
const notified = new Map();

function nextNotified(port) {
  const n = (notified.get(port) ?? 0) + 1;
  notified.set(port, n);
  return n;
}

/** The bodies of operations. Each has a new reference, key and phone number. */
const BODIES = {
  topup: (n) => ({
    reference: `bench-${run}-${n}`,
    phoneNumber: `55${String(10_000_000 + (n % 89_000_000))}`,
    productId: 'MOVISTAR_TAE',
    amount: { value: `${10 + (n % 90)}.00`, currency: 'MXN' },
  }),
  accrual: (n) => ({
    reference: `bench-${run}-${n}`,
    member: { ffn: '01234567890' },
    points: 3000,
    occurredAt: '2026-01-20T14:10:36.177-03:00',
  }),
  notification: (n) => ({
    trace: { correlationId: `S-${n}` },
    nonAirAccrual: { status: 'PROCESSED', latamAccrualId: `L-${n}` },
  }),
  /** A notification about an unknown accrual. */
  orphan: (n) => ({ ...BODIES.notification(n), trace: { correlationId: `unknown-${n}` } }),
};

function nextRequest({ kind, path, paths, port, authorization }) {
  count += 1;
  const to = paths ? paths[count % paths.length] : path;
  const head = `host: bench\r\nauthorization: ${authorization}\r\n`;
  if (!kind) return `GET ${to} HTTP/1.1\r\n${head}\r\n`;
  const body = JSON.stringify(BODIES[kind](kind === 'notification' ? nextNotified(port) : count));
  const key = path?.endsWith('/notifications') ? '' : `idempotency-key: bench-${run}-${count}\r\n`;
  return (
    `POST ${to} HTTP/1.1\r\n${head}${key}content-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

/** A keep-alive connection. It calls `answered` with the status and the text of each answer. */
class Line {
  constructor(port, answered, failed) {
    this.text = '';
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('error', failed);
    this.socket.on('close', () => failed(new Error('the connection was closed')));
    this.socket.on('data', (chunk) => {
      this.text = this.text === '' ? chunk : this.text + chunk;
      const end = this.text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.text.slice(0, end))?.[1] ?? 0);
      if (this.text.length < end + 4 + length) return;
      const whole = this.text;
      this.text = '';
      answered(this, Number(whole.slice(9, 12)), whole);
    });
  }

  send(request, dueAt) {
    this.dueAt = dueAt;
    this.socket.write(request);
  }

  end() {
    this.socket.removeAllListeners('close').on('error', () => undefined);
    this.socket.destroy();
  }
}

/**
 * Runs a job. Returns the number of expected answers, the number of refused requests, and the duration in milliseconds.
 */
function drive(job) {
  const { port, connections, durationMs = Infinity, most = Infinity, ratePerSecond = null } = job;
  const startedAt = performance.now();
  const endsAt = startedAt + durationMs;
  const latencies = [];
  const shed = [];
  const seen = { answered: 0, shed: 0, ids: [] };
  return new Promise((resolve, reject) => {
    const lines = [];
    const idle = [];
    let open = 0;
    let given = 0;
    let due = 0;
    let pacer = null;
    const finish = () => {
      clearInterval(pacer);
      const elapsedMs = performance.now() - startedAt;
      for (const line of lines) line.end();
      resolve({ ...seen, elapsedMs, latencies: summary(latencies), shedLatencies: summary(shed) });
    };
    const give = (line, dueAt) => {
      open += 1;
      given += 1;
      line.send(nextRequest(job), dueAt);
    };
    const failed = (error) => {
      clearInterval(pacer);
      for (const line of lines) line.end();
      reject(error);
    };
    const answered = (line, status, text) => {
      open -= 1;
      const now = performance.now();
      const refusal =
        (job.sheds || job.mayShed) &&
        status === 503 &&
        /\r\nretry-after: /i.test(text) &&
        text.includes('"overloaded"');
      if (refusal) {
        seen.shed += 1;
        shed.push(now - line.dueAt);
      } else if (isExpected(job, status, text)) {
        seen.answered += 1;
        latencies.push(now - line.dueAt);
        if (job.collectIds) seen.ids.push(/"id":"([^"]+)"/.exec(text)?.[1] ?? '');
      } else return failed(new Error(`answered ${text.slice(0, 600)}`));
      if (now >= endsAt || given >= most) {
        if (open === 0) finish();
      } else if (ratePerSecond === null) give(line, now);
      else idle.push(line);
    };
    for (let index = 0; index < connections; index += 1) lines.push(new Line(port, answered, failed));
    if (ratePerSecond === null) for (const line of lines) give(line, performance.now());
    else {
      idle.push(...lines);
      pacer = setInterval(() => {
        const now = Math.min(performance.now(), endsAt);
        const total = Math.floor(((now - startedAt) * ratePerSecond) / 1000);
        // Uses the connections in turn, because an unused one would be closed. A request without an idle connection
        // waits, and its waiting time counts; in an overload it is never sent.
        while (due < total && idle.length > 0) {
          give(idle.shift(), startedAt + (due / ratePerSecond) * 1000);
          due += 1;
        }
        if (job.sheds) due = total;
        if (now >= endsAt && open === 0) finish();
      }, 2);
    }
  });
}

/** In an overload, an accepted operation may be answered before it is final (202). */
function isExpected(job, status, text) {
  if (job.sheds && status === 202) return true;
  return status === job.status && (!job.includes || text.includes(job.includes));
}

function summary(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (part) =>
    sorted.length === 0 ? 0 : sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)];
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

process.on('message', (job) => {
  drive(job).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: error.message }),
  );
});
process.send({ ready: true });
