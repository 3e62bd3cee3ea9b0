/** The text of docs/alarms.md, made from src/common/alarm-kinds.ts. */
export function renderAlarms({ ALARMS }) {
  const rows = Object.entries(ALARMS).map(([kind, text]) => [`\`${kind}\``, text.replaceAll('|', String.raw`\|`)]);
  const all = [['kind', 'what happened, and what an operator does'], ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => row[column].length)));
  const lines = all.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return `# Alarms\n\nMade by \`npm run alarms\` from src/common/alarm-kinds.ts: do not edit.\n\nEach kind is a series of \`gateway_alarms_total\`, at 0 from the start of a process. Each alarm is also logged as an error, with the kind in the field \`alarm\` and with its ids.\n\n${lines.join('\n')}\n`;
}
