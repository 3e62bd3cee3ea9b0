/** The meaning of a status. `pending`: not final. `reversal`: an execution is reversed. */
export type LineOutcome = 'succeeded' | 'failed' | 'pending' | 'reversal';

/** Status words in the form that `normalize` returns. */
const STATUS_WORDS: Readonly<Record<LineOutcome, readonly string[]>> = {
  succeeded: ['SUCCESS'],
  failed: ['FAIL', 'FAILED'],
  pending: [
    ...['PENDING', 'PENDIENTE', 'PROCESSING', 'PROCESANDO', 'IN PROCESS', 'INPROCESS', 'IN PROGRESS', 'INPROGRESS'],
    ...[
      'EN PROCESO',
      'EN PROGRESO',
      'EN CURSO',
      'EN TRAMITE',
      'EN ESPERA',
      'ON HOLD',
      'QUEUED',
      'WAITING',
      'SUBMITTED',
    ],
  ],
  reversal: [
    ...['REVERSED', 'REVERSE', 'REVERSAL', 'REVERSADO', 'REVERSADA', 'REVERSO', 'REVERSA', 'REVERTIDO', 'REVERTIDA'],
    ...['REFUNDED', 'REFUND', 'PARTIALLY REFUNDED', 'REEMBOLSADO', 'REEMBOLSADA', 'REEMBOLSO', 'DEVUELTO', 'DEVUELTA'],
    ...['DEVOLUCION', 'CHARGEBACK', 'CHARGED BACK', 'CHARGE BACK', 'CONTRACARGO'],
  ],
};

const MEANINGS = new Map(
  [...Object.entries(STATUS_WORDS)].flatMap(([outcome, words]) =>
    words.map((word): [string, string] => [word, outcome]),
  ),
);

/** The meaning of a status word; null: the word is unknown, and its meaning is not guessed. */
export function outcomeOf(text: string): LineOutcome | null {
  const found = MEANINGS.get(normalize(text));
  return found === 'succeeded' || found === 'failed' || found === 'pending' || found === 'reversal' ? found : null;
}

/** `en_proceso`, `En-Proceso` and `EN PROCESO` become the same text; accents are removed. */
function normalize(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .replace(/[\s_-]+/g, ' ')
    .trim();
}
