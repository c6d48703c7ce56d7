import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CacheReporter } from './cache.ts';
import type { Store } from './store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Removes all that the store left. */
  destroy(): Promise<void>;
}

const CACHE_BYTES = 10_000;

/** What every driver does alike. `open` gives a new, empty store. */
export function storeConformance(
  driver: string,
  open: (options: { cacheBytes: number; report: CacheReporter }) => Promise<StoreUnderTest>,
): void {
  describe(`store driver ${driver}`, () => {
    let under: StoreUnderTest;
    let store: Store;
    let reports: string[];
    beforeEach(async () => {
      reports = [];
      under = await open({
        cacheBytes: CACHE_BYTES,
        report: ({ reason, key }) => reports.push(`${reason} ${key}`),
      });
      store = under.store;
    });
    afterEach(async () => {
      await store.close();
      await under.destroy();
    });

    const stage = (...chunks: string[]) =>
      store.artifacts.stage(chunksOf(...chunks), { maxBytes: 1000 });

    describe('artifacts', () => {
      test('a staged artifact has its digest and size, can be read, and is not there before the commit', async () => {
        const staged = await stage('hel', '', 'lo');
        expect(staged).toMatchObject({ sha256: digest('hello'), size: 5 });
        expect(text(await staged.read())).toBe('hello');
        expect(await store.artifacts.has(staged.sha256)).toBe(false);
        expect(await store.artifacts.list()).toEqual([]);
        await staged.commit();
        expect(await store.artifacts.has(staged.sha256)).toBe(true);
        expect(await store.artifacts.list()).toEqual([{ sha256: staged.sha256, size: 5 }]);
        expect(text(await store.artifacts.read(staged.sha256))).toBe('hello');
        expect(text(await staged.read())).toBe('hello');
      });

      test('the empty artifact is one', async () => {
        const staged = await stage();
        await staged.commit();
        expect(await store.artifacts.read(digest(''))).toHaveLength(0);
      });

      test('committing twice, and the same bytes twice, leaves one artifact; discarding afterwards takes nothing away', async () => {
        const [first, second] = await Promise.all([stage('same'), stage('sa', 'me')]);
        await Promise.all([first.commit(), second.commit()]);
        await first.commit();
        await first.discard();
        expect(await store.artifacts.list()).toEqual([{ sha256: digest('same'), size: 4 }]);
        await store.artifacts.delete(digest('same'));
        await first.commit();
        expect(await store.artifacts.list()).toEqual([]);
      });

      test('a discarded artifact is gone for good', async () => {
        const staged = await stage('never');
        await staged.discard();
        await staged.discard();
        await expect(staged.commit()).rejects.toMatchObject({ code: 'staged-artifact-gone' });
        await expect(staged.read()).rejects.toMatchObject({ code: 'staged-artifact-gone' });
        expect(await store.artifacts.has(staged.sha256)).toBe(false);
      });

      test('the limit is the last size that is taken, and the source is closed at the first byte over it', async () => {
        let asked = 0;
        let closed = false;
        async function* endless() {
          try {
            for (;;) {
              asked++;
              yield Buffer.alloc(400);
            }
          } finally {
            closed = true;
          }
        }
        await expect(store.artifacts.stage(endless(), { maxBytes: 1000 })).rejects.toMatchObject({
          code: 'artifact-too-large',
          status: 413,
        });
        expect({ asked, closed }).toEqual({ asked: 3, closed: true });
        const exact = await store.artifacts.stage(chunksOf('x'.repeat(1000)), { maxBytes: 1000 });
        expect(exact.size).toBe(1000);
        await exact.discard();
      });

      test('an abort ends the staging of a source that hangs, 408 when it was a time limit', async () => {
        for (const [reason, status] of [
          [undefined, 400],
          [new DOMException('late', 'TimeoutError'), 408],
        ] as const) {
          const { signal, abort } = abortable();
          const hanging = {
            async *[Symbol.asyncIterator]() {
              yield Buffer.from('a');
              queueMicrotask(() => abort(reason));
              await new Promise<never>(() => undefined);
            },
          };
          await expect(
            store.artifacts.stage(hanging, { maxBytes: 10, signal }),
          ).rejects.toMatchObject({ code: 'stage-aborted', status });
        }
        await expect(
          store.artifacts.stage(chunksOf('a'), { maxBytes: 10, signal: AbortSignal.abort() }),
        ).rejects.toMatchObject({ code: 'stage-aborted' });
      });

      test('a source that fails fails the staging, with the cause', async () => {
        const cause = new Error('reset by peer');
        async function* failing() {
          yield Buffer.from('a');
          throw cause;
        }
        await expect(store.artifacts.stage(failing(), { maxBytes: 10 })).rejects.toMatchObject({
          code: 'source-failed',
          status: 400,
          cause,
        });
      });

      test('a source that uses its buffer again does not change what was taken', async () => {
        const buffer = Buffer.alloc(1);
        async function* reusing() {
          for (const letter of 'abc') {
            buffer.write(letter);
            yield buffer;
          }
        }
        const staged = await store.artifacts.stage(reusing(), { maxBytes: 10 });
        expect(text(await staged.read())).toBe('abc');
        await staged.discard();
      });

      test('an unknown artifact is 404, and only a digest can name one', async () => {
        await expect(store.artifacts.read(digest('x'))).rejects.toMatchObject({
          code: 'artifact-unknown',
          status: 404,
        });
        expect(await store.artifacts.delete(digest('x'))).toBe(false);
        for (const name of [
          '../../etc/passwd',
          '',
          digest('x').toUpperCase(),
          `${digest('x')}/..`,
        ]) {
          await expect(store.artifacts.read(name)).rejects.toMatchObject({
            code: 'artifact-digest-invalid',
          });
          await expect(store.artifacts.has(name)).rejects.toMatchObject({
            code: 'artifact-digest-invalid',
          });
          await expect(store.artifacts.delete(name)).rejects.toMatchObject({
            code: 'artifact-digest-invalid',
          });
        }
      });

      test('a deleted artifact is gone, and can come back', async () => {
        await (await stage('x')).commit();
        expect(await store.artifacts.delete(digest('x'))).toBe(true);
        expect(await store.artifacts.has(digest('x'))).toBe(false);
        await (await stage('x')).commit();
        expect(await store.artifacts.has(digest('x'))).toBe(true);
      });
    });

    describe('records', () => {
      test('a record is what was put, whatever JSON that is', async () => {
        const { records } = store;
        const values = [
          null,
          0,
          -1.5,
          'ü\u2028"\\',
          [1, [2]],
          { b: 1, a: { 10: 'x', 2: 'y' } },
          JSON.parse('{"__proto__":{"polluted":true}}'),
        ];
        for (const [at, value] of values.entries()) {
          const revision = await records.put(`v/${at}`, value);
          expect(await records.get(`v/${at}`)).toEqual({ key: `v/${at}`, value, revision });
        }
        expect(await records.get('v/none')).toBeUndefined();
        expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
      });

      test('what was put is a copy', async () => {
        const value = { list: [1] };
        await store.records.put('a', value);
        value.list.push(2);
        expect((await store.records.get('a'))?.value).toEqual({ list: [1] });
      });

      test('a put may ask for absence or for a revision, and is refused otherwise', async () => {
        const { records } = store;
        const first = await records.put('a', 1, { expected: 'absent' });
        await expect(records.put('a', 2, { expected: 'absent' })).rejects.toMatchObject({
          code: 'record-conflict',
          status: 409,
        });
        const second = await records.put('a', 2, { expected: first });
        await expect(records.put('a', 3, { expected: first })).rejects.toMatchObject({
          code: 'record-conflict',
        });
        await expect(records.put('b', 3, { expected: first })).rejects.toMatchObject({
          code: 'record-conflict',
        });
        expect(await records.get('a')).toEqual({ key: 'a', value: 2, revision: second });
      });

      test('of 50 puts that ask for absence at once, one wins', async () => {
        const results = await Promise.allSettled(
          Array.from({ length: 50 }, (_, n) => store.records.put('a', n, { expected: 'absent' })),
        );
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect((await store.records.get('a'))?.value).toBe(
          results.findIndex(({ status }) => status === 'fulfilled'),
        );
      });

      test('a list has the keys under the prefix, sorted, and not those that merely start alike', async () => {
        const { records } = store;
        for (const key of ['f/a', 'f/b/2', 'f/b/1', 'f/b', 'fx/a', 'g']) await records.put(key, 1);
        expect(await records.list('f')).toEqual(['f/a', 'f/b', 'f/b/1', 'f/b/2']);
        expect(await records.list('f/b')).toEqual(['f/b/1', 'f/b/2']);
        expect(await records.list('')).toEqual(['f/a', 'f/b', 'f/b/1', 'f/b/2', 'fx/a', 'g']);
        expect(await records.list('none')).toEqual([]);
      });

      test('deletes and puts of neighbours at once lose none', async () => {
        const { records } = store;
        await Promise.all(
          Array.from({ length: 20 }, async (_, n) => {
            await records.put(`d/x/${n}`, n);
            await records.delete(`d/x/${n}`);
            await records.put(`d/y/${n}`, n);
          }),
        );
        expect(await records.list('d/x')).toEqual([]);
        expect(await records.list('d')).toHaveLength(20);
        expect(await records.delete('d/x/0')).toBe(false);
      });

      test('a key is a path of plain names and nothing else', async () => {
        for (const key of [
          '',
          '/',
          'a/',
          '/a',
          '../a',
          'a/../b',
          '.',
          '.hidden',
          'a\0b',
          'A',
          'a b',
          'a.',
          'ü',
          'a'.repeat(129),
          'a/'.repeat(8) + 'a',
        ]) {
          await expect(store.records.put(key, 1)).rejects.toMatchObject({ code: 'key-invalid' });
          await expect(store.records.get(key)).rejects.toMatchObject({ code: 'key-invalid' });
        }
        await expect(store.records.list('../')).rejects.toMatchObject({ code: 'key-invalid' });
      });
    });

    describe('cache', () => {
      test('gives back what was put, under any key, and a miss for the rest', async () => {
        const { cache } = store;
        const key = '../../weird\0 key ü';
        expect(await cache.get(key)).toBeUndefined();
        expect(await cache.put(key, Buffer.from('one'))).toBe(true);
        expect(await cache.put(key, Buffer.from('two'))).toBe(true);
        expect(text((await cache.get(key))!)).toBe('two');
        expect(await cache.get(`${key}.`)).toBeUndefined();
        expect(reports).toEqual([]);
      });

      test('the least recently used entries go when there is no room', async () => {
        const { cache } = store;
        for (const key of ['a', 'b', 'c']) await cache.put(key, Buffer.alloc(3000, key));
        await cache.get('a');
        await cache.put('d', Buffer.alloc(3000, 'd'));
        const left = await Promise.all(
          ['a', 'b', 'c', 'd'].map(async (key) => (await cache.get(key)) !== undefined),
        );
        expect(left).toEqual([true, false, true, true]);
      });

      test('an entry larger than the cache is not kept, and drives nothing out', async () => {
        await store.cache.put('small', Buffer.from('x'));
        expect(await store.cache.put('large', Buffer.alloc(CACHE_BYTES + 1))).toBe(false);
        expect(reports).toEqual(['too-large large']);
        expect(await store.cache.get('small')).toBeDefined();
      });
    });
  });
}

export async function* chunksOf(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

export function digest(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: unknown) => controller.abort(reason) };
}
