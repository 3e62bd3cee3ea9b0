let count = 0;

/** A value that no other test uses. Its digits follow letters, so that they never look like a card number. */
export function unique(prefix: string): string {
  count += 1;
  return `${prefix}-p${process.pid}n${count}t${Date.now()}`;
}

/** The UUID in a public id, as it is stored and sent to providers. */
export function bareId(id: string): string {
  return id.slice(id.indexOf('_') + 1);
}
