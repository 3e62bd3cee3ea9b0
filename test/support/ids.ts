let count = 0;

/** A value that no other test uses. Its digits touch letters: by themselves they could be taken for a card's. */
export function unique(prefix: string): string {
  count += 1;
  return `${prefix}-p${process.pid}n${count}t${Date.now()}`;
}

/** The UUID in an id of the API: what is stored, and what providers get. */
export function bareId(id: string): string {
  return id.slice(id.indexOf('_') + 1);
}
