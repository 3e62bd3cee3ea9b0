import { EmbeddedPostgresError } from './error.js';

/** `name=value`, nothing that a shell could take for more than one word. */
const SETTING = /^[a-z_.]+=[\w.,:/%+ -]*$/i;

/**
 * Loopback TCP only; UTC; and no value of a statement in the server's log: neither parameters, nor the statement, nor
 * the DETAIL of an error ("Key (phone)=(…) already exists"). The gateway reports its own failed statements, so plain
 * statement errors stay out as well: their message may quote what could not be parsed.
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

/** The value of pg_ctl's `-o`: later settings win over earlier ones. */
export function serverOptions(port: number, extra: readonly string[]): string {
  const quote = process.platform === 'win32' ? '"' : "'";
  return [...FIXED_SETTINGS, ...extra, `port=${port}`]
    .map((setting) => {
      if (!SETTING.test(setting)) throw new EmbeddedPostgresError(`"${setting}" is not a server setting (name=value).`);
      return `-c ${quote}${setting}${quote}`;
    })
    .join(' ');
}
