import { DECLARED } from '../providers/declared.js';
import { GATEWAY_GROUPS } from './gateway-variables.js';
import type { Variable, VariableGroup } from './variables.js';

const WIDTH = 120;

const HEAD =
  'Every variable that the gateway reads. All are optional: without them `npm start` runs the embedded PostgreSQL and the ' +
  'built-in sandbox. An empty value counts as unset. Secrets (marked with *) can be read from a file: set <NAME>_FILE to ' +
  'its path instead. A wrong value stops the start with exit code 78 and a list of every wrong variable.';

/** Every variable that the gateway reads, except `no_proxy`, in the sections of `.env.example`. */
export const VARIABLE_GROUPS: readonly VariableGroup[] = [
  ...GATEWAY_GROUPS,
  ...DECLARED.map(({ title, summary, variables }) => ({ title: `${title}: ${summary}`, variables })),
];

/** The text of `.env.example`. */
export function envExample(): string {
  return [comment(HEAD, '# '), ...VARIABLE_GROUPS.map(section)].join('\n');
}

function section({ title, variables }: VariableGroup): string {
  const rule = `# --- ${title} `.padEnd(WIDTH - 5, '-');
  return `${rule}\n${Object.entries(variables).map(entry).join('')}`;
}

function entry([name, { text, secret, default: value = '' }]: readonly [string, Variable]): string {
  const words = secret ? `* ${text}`.trim() : text;
  return `${comment(words, '# ', secret ? '#   ' : '# ')}${name}=${value}\n`;
}

function comment(text: string, first: string, next = first): string {
  if (text === '') return '';
  const lines: string[] = [];
  let line = first.trimEnd();
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next.trimEnd().padEnd(next.length - 1);
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join('\n')}\n`;
}
