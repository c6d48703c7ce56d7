import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hostDefaults } from '../cli/index.ts';
import { GRANT_FLAGS, LIMITS, formatLimit } from './index.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The cells of the rows of the table with this head; how wide the formatter makes them is nobody's business. */
function tableUnder(...head: string[]): string[][] {
  const lines = readme.split('\n').map((line) =>
    line.startsWith('|')
      ? line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      : [],
  );
  const from = lines.findIndex((cells) => cells.join('|') === head.join('|'));
  expect(from, `README.md has no table with the head ${head.join(', ')}`).toBeGreaterThan(-1);
  const rows = lines.slice(from + 2);
  return rows.slice(
    0,
    rows.findIndex((cells) => cells.length === 0),
  );
}

test('the limits of the README are the limits of the host', () => {
  const rows = LIMITS.map(({ name, unit, default: normal, minimum, maximum, doc }) => {
    const [usual, least, most] = [normal, minimum, maximum].map((value) =>
      formatLimit(unit, value),
    );
    return [`\`${name}\``, usual, `${least} to ${most}`, doc];
  });
  expect(tableUnder('limit', 'default', 'from, to', 'what')).toEqual(rows);
});

test('every grant flag stands in the README beside what it fills', () => {
  const rows = tableUnder('in `grants`', 'flag', 'opens', 'default');
  for (const { flag, fills } of GRANT_FLAGS) {
    const [table, key] = fills.split('.');
    if (table === 'limits') expect(readme).toContain(`\`${flag}\``);
    else {
      const row = rows.find(([written]) => written?.startsWith(`\`${key} = `));
      expect(row, `README.md has no row for grants.${key}`).toBeDefined();
      expect(row?.[1]).toContain(`\`${flag}`);
    }
  }
});

test('the README names the addresses that a host listens on by default', () => {
  expect(readme).toContain(`**Edge** (\`--listen\`, ${hostDefaults.listen})`);
  expect(readme).toContain(`**Admin** (\`--admin-listen\`, ${hostDefaults.adminListen})`);
});
