import { EmbeddedPostgresError } from './error.js';

/** `name=value` without characters that are special to a shell. */
const SETTING = /^[a-z_.]+=[\w.,:/%+ -]*$/i;

/**
 * TCP on loopback only, times in UTC, and no values of statements in the server's log: no parameters, no statement
 * text, no DETAIL of an error ("Key (phone)=(…) already exists"). Statement errors are not logged either, because their
 * message may quote a value; the gateway logs its failed statements itself.
 */
const FIXED_SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_statement=none',
  'log_min_duration_statement=-1',
  'log_parameter_max_length=0',
  'log_parameter_max_length_on_error=0',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
  'log_min_messages=log',
  'log_checkpoints=off',
];

/** The value of pg_ctl's `-o`. Later settings override earlier ones. */
export function serverOptions(port: number, extra: readonly string[]): string {
  const quote = process.platform === 'win32' ? '"' : "'";
  return [...FIXED_SETTINGS, ...extra, `port=${port}`]
    .map((setting) => {
      if (!SETTING.test(setting)) throw new EmbeddedPostgresError(`"${setting}" is not a server setting (name=value).`);
      return `-c ${quote}${setting}${quote}`;
    })
    .join(' ');
}
