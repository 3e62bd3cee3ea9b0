import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { pointerTo } from '../../api/json-body.js';
import { Problem, type FieldError } from '../../common/problem.js';

/** A statement of a million lines has about 100 MB. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const MAX_FIELD_BYTES = 4 * 1024;
/** More than the number of known fields, so that an error can name unknown fields. */
const MAX_FIELDS = 32;
const LIMITS = {
  fileSize: MAX_FILE_BYTES,
  files: 2,
  fields: MAX_FIELDS,
  fieldSize: MAX_FIELD_BYTES,
  parts: MAX_FIELDS + 2,
};

/** A form whose fields were read and whose file must still be read. */
export interface StatementForm {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly file: MultipartFile;
  /** Call it after reading the file. @throws Problem `validation_failed` when another part follows */
  readonly end: () => Promise<void>;
}

/** @throws Problem `validation_failed` */
export async function readForm(request: FastifyRequest): Promise<StatementForm> {
  const parts = request.parts({ limits: LIMITS })[Symbol.asyncIterator]();
  const fields: Record<string, unknown> = {};
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const part = next.value;
    if (part.type === 'file') {
      if (nameOf(part) !== 'file') throw Problem.invalid('/file', 'must be the name of the field with the CSV');
      return { fields, file: part, end: () => assertEnd(parts) };
    }
    const name = nameOf(part);
    const pointer = pointerTo('', name);
    if (Object.hasOwn(fields, name)) throw Problem.invalid(pointer, 'must be given once, not several times');
    if (part.valueTruncated) throw Problem.invalid(pointer, `must not be longer than ${MAX_FIELD_BYTES} bytes`);
    // The parser has already parsed a field with a JSON content type.
    fields[name] = typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
  }
  throw Problem.invalid('/file', 'is required as the last field of the form');
}

/** Some programs send parts without a name. @throws Problem `validation_failed` */
function nameOf({ fieldname }: { readonly fieldname?: string }): string {
  if (fieldname !== undefined) return fieldname;
  throw Problem.invalid('', 'has a part without a name: each part needs `Content-Disposition: form-data; name="…"`');
}

type Parts = AsyncIterator<
  Awaited<ReturnType<FastifyRequest['parts']>> extends AsyncIterable<infer Part> ? Part : never
>;

/** Refuses parts after the file: they were not known when its lines were read, so the whole request must fail. */
async function assertEnd(parts: Parts): Promise<void> {
  const errors: FieldError[] = [];
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const part = next.value;
    errors.push({ pointer: pointerTo('', nameOf(part)), message: 'must come before file, which is the last field' });
    if (part.type === 'file') break;
  }
  if (errors.length > 0) throw Problem.validation(errors);
}
