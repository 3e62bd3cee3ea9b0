import { type Answer, json, Refusal } from '../answer.js';

/** The response codes of the "Distributor API Documentation", and an undocumented one (`77`). */
const MESSAGES: Readonly<Record<string, string>> = {
  '05': 'No autorizado',
  '12': 'Transaccion invalida',
  '13': 'Monto invalido',
  '14': 'Paquete invalido',
  '51': 'Fondos insuficientes',
  '83': 'DN invalido',
  '91': 'Emisor no disponible',
  '96': 'Error de sistema',
  '77': 'Respuesta no documentada',
};

/** "All errors return a JSON response with: success: false, error, response_code (if applicable)." */
export function errorAnswer(status: number, error: string, code?: string, transactionId?: string): Answer {
  return json(status, {
    success: false,
    error,
    ...(code === undefined ? {} : { response_code: code }),
    ...(transactionId === undefined ? {} : { distributor_transaction_id: transactionId }),
  });
}

export function declined(status: number, code: string, transactionId: string): Answer {
  return errorAnswer(status, MESSAGES[code] ?? 'Error', code, transactionId);
}

export function badRequest(error: string, code?: string): Refusal {
  return new Refusal(errorAnswer(400, error, code));
}

export function unauthorized(error: string): Refusal {
  return new Refusal(errorAnswer(401, error));
}

/** The answer of a fault with this status. */
export function latcomError(status: number, retryAfterSeconds: number): Answer {
  if (status === 401) return errorAnswer(401, 'Invalid or missing token');
  if (status === 429) {
    const answer = errorAnswer(429, 'Too many requests');
    return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } };
  }
  return errorAnswer(status, 'Internal Server Error');
}
