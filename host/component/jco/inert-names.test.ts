import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readComponent } from '../component.ts';
import { sniff } from '../sniff.ts';
import { assemble } from '../test-support.ts';
import { createJcoBinder } from './binder.ts';
import { BinderError } from './errors.ts';
import { checkInertNames } from './inert-names.ts';
import { defaultBounds, transpileInProcess } from './transpile-process.ts';

const FIXTURES = new URL('../../../fixtures/', import.meta.url);

/** Text of a component, from what stands in it, in which `NAME` is written as it must be in the text format. */
async function refusalOf(wat: string, name: string): Promise<unknown> {
  const escaped = [...new TextEncoder().encode(name)]
    .map((byte) => `\\${byte.toString(16).padStart(2, '0')}`)
    .join('');
  const component = readComponent(await assemble(`(component ${wat.replaceAll('NAME', escaped)})`));
  try {
    checkInertNames(component);
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

const CORE_EXPORT = '(core module (func (export "NAME")))';
const PLACES: Readonly<Record<string, string>> = {
  'a core export': CORE_EXPORT,
  'a core export that is lifted': `(core module $m (func (export "NAME"))) (core instance $i (instantiate $m)) (func $f (canon lift (core func $i "NAME"))) (export "f" (func $f))`,
  'the module of a core import': '(core module (import "NAME" "f" (func)))',
  'a core import': '(core module (import "m" "NAME" (func)))',
  'a core import of a nested component':
    '(component (component (core module (import "m" "NAME" (func)))))',
  'an export of a core instance made of definitions':
    '(core module $m (func (export "f"))) (core instance $i (instantiate $m)) (core instance (export "NAME" (func $i "f")))',
  'a surplus argument of a core instance':
    '(core module $m) (core instance $i (instantiate $m)) (core instance (instantiate $m (with "NAME" (instance $i))))',
  'an import of a core module type': '(core type (module (import "m" "NAME" (func))))',
  'an export of a core module type': '(core type (module (export "NAME" (func))))',
};

const HOSTILE: Readonly<Record<string, string>> = {
  'ends a string in quotes': "x'];globalThis.ran=1;//",
  'ends a string in double quotes': 'x"];globalThis.ran=1;//',
  'ends a template': '`;globalThis.ran=1;`',
  'runs in a template': '${globalThis.ran=1}',
  'takes the closing quote': 'x\\',
  'ends a comment': '*/globalThis.ran=1;/*',
  'ends a line': 'x\nglobalThis.ran=1',
  'ends a line by U+2028': 'x\u2028globalThis.ran=1',
  'has NUL': 'x\0y',
  'turns the text around': 'x\u202Ey',
  'sets a prototype': '__proto__',
};

describe('names that could be code', () => {
  for (const [place, wat] of Object.entries(PLACES)) {
    it(`are refused as ${place}`, async () => {
      expect(await refusalOf(wat, 'plain [method]name.of@0.2.0#$1')).toBeUndefined();
      expect(await refusalOf(wat, "x'];globalThis.ran=1;//")).toBeInstanceOf(BinderError);
    });
  }
  for (const [what, name] of Object.entries(HOSTILE)) {
    it(`are refused: one that ${what}`, async () => {
      expect(await refusalOf(CORE_EXPORT, name)).toMatchObject({
        code: 'component-unbindable',
        status: 422,
      });
    });
  }
  it('are refused in the URL of a nested import', async () => {
    const wat = `(component (import "url=<https://x/'];globalThis.ran=1;//>" (func)))`;
    expect(await refusalOf(wat, '')).toMatchObject({ code: 'component-unbindable' });
  });
  it('are refused by the binder before jco sees them, and nothing of them runs', async () => {
    const bytes = await assemble(
      `(component (core module $m (func (export "x'];globalThis.ran=1;//"))) (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "x'];globalThis.ran=1;//"))) (export "f" (func $f)))`,
    );
    const bound = createJcoBinder().bind({
      bytes,
      component: readComponent(bytes),
      sha256: '0'.repeat(64),
      blocking: [],
      transform: (module) => module,
    });
    await expect(bound).rejects.toMatchObject({ code: 'component-unbindable' });
    expect(globalThis).not.toHaveProperty('ran');
  });
});

describe('names that are taken', () => {
  it('are all that the toolchains of the fixtures write', async () => {
    let read = 0;
    for (const file of await readdir(FIXTURES)) {
      if (!file.endsWith('.wasm')) continue;
      const bytes = await readFile(new URL(file, FIXTURES));
      if (sniff(bytes).kind !== 'component') continue;
      expect(() => checkInertNames(readComponent(bytes)), file).not.toThrow();
      read++;
    }
    expect(read).toBeGreaterThan(10);
  });

  it('may be anything in debug sections, for none of it reaches the text that is run', async () => {
    const debug = `(@name "UNREAD'\\"\`\\n*/")`;
    const bytes = await assemble(
      `(component ${debug} (core module $m ${debug} (func $f ${debug} (export "f")) (func $s ${debug}) (start $s))
        (core instance $i ${debug} (instantiate $m)) (func $f ${debug} (canon lift (core func $i "f"))) (export "f" (func $f)))`,
    );
    expect(() => checkInertNames(readComponent(bytes))).not.toThrow();
    const { source } = await transpileInProcess(
      { bytes, blocking: [], exports: [], map: [] },
      defaultBounds,
    );
    expect(source).toContain('export function instantiate(');
    expect(source).not.toContain('UNREAD');
  });
});

it('an export that would make the instance a promise is refused', async () => {
  const wat =
    '(core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func $f (canon lift (core func $i "f"))) (export "then" (func $f))';
  expect(await refusalOf(wat, '')).toMatchObject({
    code: 'component-unbindable',
    message: expect.stringContaining('promise') as string,
  });
});
