import type { Socket } from 'node:net';

/** The beginning of a head that has an interim status. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)[0-9]{2}[ \r]/;
const STATUS_LINE = 'HTTP/1.x 1xx ';
const MAYBE_INTERIM = /^H(T(T(P(\/(1(\.([01]( (1[0-9]{0,2})?)?)?)?)?)?)?)?)?$/;
const HEAD_END = '\r\n\r\n';
const MAX_HEAD_BYTES = 16 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Makes a connection drop interim answers (100 to 199, but for 101), as a client has to (RFC 9110, 15.2). undici ends the
 * connection at a 100 that it has not asked for, and some servers and proxies send one before every answer: whatever was
 * executed would be in doubt.
 */
export function dropInterimAnswers(socket: Socket): Socket {
  const read = socket.read.bind(socket);
  let held = NOTHING;
  let writtenBytes = -1;
  let isHead = false;
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!Buffer.isBuffer(chunk)) return chunk;
    // Something was sent since: an answer begins here.
    if (socket.bytesWritten !== writtenBytes) isHead = true;
    writtenBytes = socket.bytesWritten;
    if (!isHead) return chunk;
    const rest = withoutInterim(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
    held = rest.isIncomplete ? rest.bytes : NOTHING;
    isHead = rest.isIncomplete;
    return rest.isIncomplete ? null : rest.bytes;
  };
  return socket;
}

/** What follows the interim answers; incomplete: the end of one, or its status, is still to come. */
function withoutInterim(bytes: Buffer): { readonly bytes: Buffer; readonly isIncomplete: boolean } {
  let rest = bytes;
  for (;;) {
    const begin = rest.toString('latin1', 0, STATUS_LINE.length);
    if (!INTERIM.test(begin)) return { bytes: rest, isIncomplete: begin === '' || MAYBE_INTERIM.test(begin) };
    const end = rest.indexOf(HEAD_END);
    if (end < 0) return { bytes: rest, isIncomplete: rest.length < MAX_HEAD_BYTES };
    rest = rest.subarray(end + HEAD_END.length);
  }
}
