import type { Socket } from 'node:net';

/** The beginning of a response head with an interim status. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)[0-9]{2}[ \r]/;
const STATUS_LINE = 'HTTP/1.x 1xx ';
const MAYBE_INTERIM = /^H(T(T(P(\/(1(\.([01]( (1[0-9]{0,2})?)?)?)?)?)?)?)?)?$/;
const HEAD_END = '\r\n\r\n';
const MAX_HEAD_BYTES = 16 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Makes a connection drop interim responses (100 to 199 without 101), as RFC 9110, 15.2 requires of clients. undici
 * closes the connection at an unexpected 100, and some servers and proxies send a 100 before every response: every
 * executed call would be in doubt.
 */
export function dropInterimAnswers(socket: Socket): Socket {
  const read = socket.read.bind(socket);
  let held = NOTHING;
  let writtenBytes = -1;
  let isHead = false;
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!Buffer.isBuffer(chunk)) return chunk;
    // Bytes were sent since the last read, so a response begins here.
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

/**
 * The bytes after the interim responses. `isIncomplete`: the end of an interim response, or a status, is still missing.
 */
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
