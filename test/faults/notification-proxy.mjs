import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Simulates the network between LATAM Pass and the gateway. It loses notifications and their answers (so that they are
 * repeated), changes their order, and delivers late copies. It never answers 2xx for a notification that the gateway
 * has not accepted.
 */
export function startNotificationProxy(random, gatewayPort) {
  const counts = { lost: 0, answerLost: 0, copies: 0, delayed: 0, plain: 0 };
  let calm = false;

  async function deliver(request, body) {
    const { authorization, 'content-type': contentType } = request.headers;
    const response = await fetch(`http://127.0.0.1:${gatewayPort}/v1/providers/latam-pass/notifications`, {
      method: 'POST',
      headers: { authorization, 'content-type': contentType },
      body,
      signal: AbortSignal.timeout(8_000),
    });
    await response.body?.cancel();
    return response.status;
  }

  async function copy(request, body) {
    await sleep(random.between(0, 5_000), undefined, { ref: false });
    counts.copies += 1;
    await deliver(request, body).catch(() => undefined);
  }

  async function carry(request, body) {
    const roll = calm ? 1 : random.next();
    if (roll < 0.1) {
      counts.lost += 1;
      return 503;
    }
    if (roll < 0.2) {
      counts.answerLost += 1;
      await deliver(request, body);
      return 503;
    }
    if (roll < 0.3) {
      counts.delayed += 1;
      await sleep(random.between(0, 3_000));
    } else counts.plain += 1;
    const status = await deliver(request, body);
    if (roll > 0.3 && roll < 0.5) for (let n = random.between(1, 3); n > 0; n -= 1) void copy(request, body);
    return status;
  }

  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.once('end', () => {
      carry(request, Buffer.concat(chunks)).then(
        (status) => response.writeHead(status).end(),
        () => response.writeHead(502).end(),
      );
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        port: server.address().port,
        counts,
        /** Ends the faults: every notification is delivered unchanged. */
        calmDown: () => void (calm = true),
        stop: () => {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });
}
