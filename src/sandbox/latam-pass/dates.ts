/** `2024-11-01 12:14:54.510+0000`, as in the samples of the page "Accrual notification". */
export function notificationDate(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '+0000');
}

/** `2022-07-27T15:49:22.298376-04:00`, as v1 of "Get accrual" writes it. */
export function listDate(at: number): string {
  const shifted = new Date(at - 4 * 3_600_000).toISOString();
  return shifted.replace('Z', '000-04:00');
}

/** `2024-10-01`: the errors of a request carry a date only. */
export function errorDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
