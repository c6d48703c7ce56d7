import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { readUpload } from './upload.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/${name}.wasm`, import.meta.url));

const HANDLE = '(param "request" (own $request)) (param "response-out" (own $out))';

/** A component that exports `handle` of an interface with the given name, and with the given parameters. */
function exporting(
  name: string,
  handle = HANDLE,
  core = '(param i32 i32)',
  types = 'wasi:http/types@0.2.0',
): Promise<Uint8Array> {
  return parse(`(component
    (import "${types}" (instance $types
      (export "incoming-request" (type (sub resource)))
      (export "response-outparam" (type (sub resource)))))
    (alias export $types "incoming-request" (type $request))
    (alias export $types "response-outparam" (type $out))
    (core module $m (func (export "handle") ${core}))
    (core instance $i (instantiate $m))
    (func $handle ${handle} (canon lift (core func $i "handle")))
    (instance $http (export "handle" (func $handle)))
    (export "${name}" (instance $http)))`);
}

describe('readUpload', () => {
  it.each(['hello', 'echo', 'sensors', 'outbound'])('finds the lane http-0.2 for %s', (name) => {
    expect(readUpload(fixture(name))).toMatchObject({
      lane: 'http-0.2',
      entry: { callable: ['HTTP requests'] },
    });
  });

  it.each(['hello-p3', 'echo-p3'])('finds the lane http-0.3 for %s', (name) => {
    expect(readUpload(fixture(name))).toMatchObject({
      lane: 'http-0.3',
      entry: { callable: ['HTTP requests'] },
    });
  });

  it('takes no handler of 0.3 that is not its function', async () => {
    const upload = await exporting('wasi:http/handler@0.3.0');
    expect(() => readUpload(upload)).toThrow(expect.objectContaining({ code: 'no-lane' }));
  });

  it.each(['0.2.0', '0.2.3', '0.2.99'])(
    'matches incoming-handler@%s by semver',
    async (version) => {
      expect(readUpload(await exporting(`wasi:http/incoming-handler@${version}`)).lane).toBe(
        'http-0.2',
      );
    },
  );

  it.each(['wasi:http/incoming-handler@0.3.0', 'wasi:http/incoming-handler'])(
    'takes %s for no WASI 0.2 handler',
    async (name) => {
      const upload = await exporting(name);
      expect(() => readUpload(upload)).toThrow(
        expect.objectContaining({ code: 'no-lane', status: 422 }),
      );
    },
  );

  it.each([
    ['takes nothing', '', ''],
    ['takes a number', '(param "request" u32)', '(param i32)'],
    [
      'takes them the other way round',
      '(param "response-out" (own $out)) (param "request" (own $request))',
      '(param i32 i32)',
    ],
    [
      'borrows',
      '(param "request" (borrow $request)) (param "response-out" (own $out))',
      '(param i32 i32)',
    ],
    ['takes one more', `${HANDLE} (param "more" u32)`, '(param i32 i32 i32)'],
    ['gives a number', `${HANDLE} (result u32)`, '(param i32 i32) (result i32)'],
  ])('does not take a handle that %s for a handler', async (_what, signature, core) => {
    const upload = await exporting('wasi:http/incoming-handler@0.2.0', signature, core);
    expect(() => readUpload(upload)).toThrow(expect.objectContaining({ code: 'no-lane' }));
  });

  it('does not take a handle of the resources of others for a handler', async () => {
    const upload = await exporting(
      'wasi:http/incoming-handler@0.2.0',
      HANDLE,
      '(param i32 i32)',
      'other:http/types@0.2.0',
    );
    expect(() => readUpload(upload)).toThrow(expect.objectContaining({ code: 'no-lane' }));
  });

  it('takes a handler of another namespace for a function like others', async () => {
    expect(readUpload(await exporting('other:http/incoming-handler@0.2.0', '', '')).lane).toBe(
      'typed',
    );
  });

  it('finds the lane typed for functions of any other name, with their signatures', () => {
    expect(readUpload(fixture('minimal'))).toMatchObject({
      lane: 'typed',
      entry: { callable: ['add(a: u32, b: u32) -> u32'] },
    });
    expect(readUpload(fixture('typed')).entry.callable).toContain(
      'counters/counter/add(self: borrow<counter>, by: s32) -> result<u32, failure>',
    );
  });

  it('says what a component exports when nothing of it can be called, and what would be callable', async () => {
    const module = await parse('(component (core module $m) (export "code" (core module $m)))');
    expect(() => readUpload(module)).toThrow(
      expect.objectContaining({
        code: 'no-lane',
        message: expect.stringContaining('"code (module)"'),
        fix: expect.stringContaining('wasi:http/incoming-handler@0.2.x'),
      }),
    );
    expect(() => readUpload(fixture('empty'))).toThrow(/exports nothing/);
  });

  it('finds the lane command for a preview1 module', () => {
    expect(readUpload(fixture('preview1'))).toMatchObject({
      lane: 'command',
      program: { module: { kind: 'core-module' } },
    });
  });

  it('knows a preview1 module that is no program, and a reactor, and says so', async () => {
    const imports = '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))';
    const library = await parse(`(module ${imports} (func (export "f")))`);
    expect(() => readUpload(library)).toThrow(/core module for wasi_snapshot_preview1/);
    const reactor = await parse(
      `(module ${imports} (func (export "_initialize")) (func (export "f")))`,
    );
    expect(() => readUpload(reactor)).toThrow(/reactor .* --invoke/);
  });

  it('shows hostile export names quoted, and not without end', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `"\\u{202e}\\n<script>${index}"`);
    const module = await parse(
      `(module ${names.map((name) => `(func (export ${name}))`).join('')})`,
    );
    expect(() => readUpload(module)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/"\S*\\n<script>0 \(func\)".* and 180 more$/),
      }),
    );
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['text', new TextEncoder().encode('(component)')],
    ['an ELF file', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0)],
  ])('refuses %s by its first bytes', (_what, bytes) => {
    expect(() => readUpload(bytes)).toThrow(
      expect.objectContaining({ code: 'not-webassembly', status: 400 }),
    );
  });
});
