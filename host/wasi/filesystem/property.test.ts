import fs from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf, openBelow, type Sandbox, sandbox } from './sandbox.ts';

const RUNS = Number(process.env['SELVEDGE_PROPERTY_RUNS'] ?? 150);

const name = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  { weight: 5, arbitrary: name },
  { weight: 2, arbitrary: fc.constant('..') },
  { weight: 1, arbitrary: fc.constantFrom('.', '') },
);
const relative = fc.array(step, { minLength: 1, maxLength: 6 }).map((steps) => steps.join('/'));
const target = fc.oneof(
  { weight: 8, arbitrary: relative },
  {
    weight: 1,
    arbitrary: fc.constantFrom('/', '/etc', '../outside', '../outside/a', '../inside/a'),
  },
);
const node = fc.record({
  at: fc.array(name, { minLength: 1, maxLength: 3 }),
  kind: fc.constantFrom('dir', 'dir', 'file', 'link'),
  target,
});

type Node = { at: string[]; kind: string; target: string };

/** Makes what fits; what does not (a file in a file) is left out. Returns the targets of the symlinks made. */
function build(root: string, nodes: readonly Node[]): string[] {
  const targets: string[] = [];
  for (const { at, kind, target: to } of nodes) {
    const place = path.join(root, ...at);
    try {
      fs.mkdirSync(path.dirname(place), { recursive: true });
      if (!fs.realpathSync(path.dirname(place)).startsWith(root)) continue;
      if (kind === 'dir') fs.mkdirSync(place);
      else if (kind === 'file') fs.writeFileSync(place, '', { flag: 'wx' });
      else fs.symlinkSync(to || '.', place);
      if (kind === 'link') targets.push(to || '.');
    } catch (thrown) {
      if (!(thrown instanceof Error && 'syscall' in thrown)) throw thrown;
    }
  }
  return targets;
}

/** What the kernel makes of the path, with no confinement at all. */
function kernel(given: string): {
  readonly ino?: bigint;
  readonly real?: string;
  readonly failed?: string;
} {
  try {
    return { ino: fs.statSync(given, { bigint: true }).ino, real: fs.realpathSync(given) };
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) return { failed: String(thrown.code) };
    throw thrown;
  }
}

const codes: Record<string, string> = {
  ENOENT: 'no-entry',
  ENOTDIR: 'not-directory',
  ELOOP: 'loop',
};

async function check(box: Sandbox, nodes: readonly Node[], given: string): Promise<void> {
  fs.rmSync(box.inside + '/t', { recursive: true, force: true });
  fs.mkdirSync(box.inside + '/t');
  const root = box.inside + '/t';
  const targets = build(root, nodes);
  using base = await box.root.openAt({}, 't', { directory: true }, { read: true });
  const reference = kernel(`${root}/${given}`);

  const code = await codeOf(async () => {
    using opened = await base.openAt({ symlinkFollow: true }, given, {}, { read: true });
    expect(opened.state.file.ino).toBe(reference.ino);
    expect(`${reference.real}/`.startsWith(`${root}/`)).toBe(true);
  });
  const climbs = [given, ...targets].some(
    (text) => text.startsWith('/') || text.split('/').includes('..'),
  );
  if (code === 'ok' || climbs) return;
  // Nothing here can lead out, so confinement changes nothing: the kernel says the same.
  expect(code).toBe(codes[reference.failed ?? 'resolved']);
}

test('whatever the tree and the path, what is opened is inside and is what the kernel finds there', async () => {
  await using box = await sandbox();
  fs.mkdirSync(path.join(box.host, 'outside'));
  fs.writeFileSync(path.join(box.host, 'outside/a'), '');
  let opened = 0;
  const given = relative.filter((text) => text !== '' && !text.startsWith('/'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(node, { maxLength: 14 }),
      fc.array(given, { minLength: 1, maxLength: 8 }),
      async (nodes, paths) => {
        for (const each of paths) await check(box, nodes, each);
        opened += paths.length;
      },
    ),
    { numRuns: RUNS },
  );
  expect(opened).toBeGreaterThan(RUNS / 2);
  expect(openBelow(box.host)).toEqual([box.inside]);
});

test('whatever text a guest sends as a path, it gets an error code or an object inside', async () => {
  await using box = await sandbox();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
      const code = await codeOf(box.root.statAt({ symlinkFollow: true }, text));
      const inside =
        code === 'ok' && fs.realpathSync(path.join(box.inside, text)).startsWith(box.inside);
      expect(inside || (code !== 'ok' && typeof code === 'string')).toBe(true);
    }),
    { numRuns: RUNS },
  );
});
