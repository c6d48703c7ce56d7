/**
 * A process that changes a registry, without end unless told how many times, for the crash test to kill. Before each change it says what it is
 * about to do, after it what was acknowledged, each as one line of JSON.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../base/index.ts';
import { openFileStore } from '../store/index.ts';
import { createRegistry } from './index.ts';

const [directory = '', seed = '1', steps = 'Infinity'] = process.argv.slice(2);
const store = await openFileStore({ directory, clock: systemClock(), report: () => undefined });
const registry = await createRegistry({ ...store, clock: systemClock() });
const say = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);

// A small generator of its own (Lehmer, modulus 2^31 - 1), so that a failing seed can be run again.
let state = Number(seed);
const pick = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;

for (let step = 0; step < Number(steps); step++) {
  const name = ['a', 'b', 'c'][pick(3)]!;
  const versions = registry.get(name) === undefined ? [] : registry.versions(name);
  const action = versions.length === 0 ? 0 : pick(8);
  if (action <= 3) {
    const text = `${name} ${pick(4)} ${'x'.repeat(pick(50_000))}`;
    say({ begin: 'publish', name });
    const staged = await store.artifacts.stage(chunks(text), { maxBytes: 1e6 });
    await registry.publish(
      name,
      staged,
      { lane: 'http-0.2', binder: 'jco', config: { step }, origin: 'upload', warnings: [] },
      { activate: true },
    );
  } else if (action <= 5) {
    const { version } = versions[pick(versions.length)]!;
    say({ begin: 'activate', name, version });
    await registry.activate(name, version);
  } else if (action === 6 && registry.get(name)!.history.length > 0) {
    say({ begin: 'rollback', name });
    await registry.rollback(name);
  } else {
    say({ begin: 'remove', name });
    await registry.remove(name);
  }
  say({
    done: name,
    active: registry.get(name)?.active?.version ?? null,
    versions: registry.get(name) === undefined ? [] : registry.versions(name),
  });
}

async function* chunks(text: string) {
  for (let at = 0; at < text.length; at += 16_384) yield Buffer.from(text.slice(at, at + 16_384));
}
