/**
 * The disposable process in which one upload is transpiled, compiled and instantiated once for a trial.
 * It is given no environment and no permissions beyond reading files, answers one request, and ends:
 * a hostile component that breaks jco, V8 or the clock breaks only this.
 */
import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { evaluate, instantiateCore } from './evaluate.ts';
import { repairDisposal } from './repair.ts';
import type { TranspileReply, TranspileRequest, Transpiled } from './transpile-protocol.ts';

/** The host evaluates what jco emits on the thread that serves; jco emits 0.3 to 0.8 MB for a program of WASI. */
const MAX_SOURCE_BYTES = 16 * 2 ** 20;

/** Thrown by every stand-in import, so that a trial stops where the component first calls its host. */
class HostCalled extends Error {}

function hostCalled(): never {
  throw new HostCalled();
}

/** Takes the place of any function or resource class. */
function standIn(): unknown {
  const callee = function () {
    hostCalled();
  };
  const members = new Proxy({}, { get: () => hostCalled });
  callee.prototype = members;
  return new Proxy(callee, {
    get: (target, key) =>
      key === 'prototype'
        ? members
        : typeof key === 'symbol'
          ? Reflect.get(target, key)
          : hostCalled,
  });
}

const standInImports = new Proxy(
  {},
  {
    get: () =>
      new Proxy({}, { get: (_target, key) => (typeof key === 'symbol' ? undefined : standIn()) }),
  },
);

async function transpile(request: TranspileRequest): Promise<Transpiled> {
  await $init;
  const { files } = generate(request.bytes, {
    name: 'component',
    instantiation: { tag: 'async' },
    asyncMode: {
      tag: 'jspi',
      val: { imports: [...request.blocking], exports: [...request.exports] },
    },
    map: request.map.map(([name, key]): [string, string] => [name, key]),
    base64Cutoff: 0,
    noTypescript: true,
    noNodejsCompat: true,
    noComponentErrorWrapping: true,
  });
  const source = files.find(([path]) => path === 'component.js');
  if (source === undefined) throw new Error('jco emitted no module');
  if (source[1].length > MAX_SOURCE_BYTES)
    throw new Error(`its glue code is larger than ${MAX_SOURCE_BYTES} bytes`);
  return {
    source: repairDisposal(new TextDecoder('utf-8', { fatal: true }).decode(source[1])),
    modules: files.filter(([path]) => path.endsWith('.wasm')),
  };
}

async function answer(request: TranspileRequest): Promise<TranspileReply> {
  let stage: 'transpile' | 'compile' | 'instantiate' = 'transpile';
  try {
    const transpiled = await transpile(request);
    stage = 'compile';
    const modules = new Map(
      transpiled.modules.map(([path, bytes]) => [path, new WebAssembly.Module(bytes)]),
    );
    stage = 'instantiate';
    const instantiate = evaluate(transpiled.source, 'trial')();
    try {
      await instantiate(
        (path) => modules.get(path) as WebAssembly.Module,
        standInImports,
        instantiateCore,
      );
    } catch (thrown) {
      if (!(thrown instanceof HostCalled)) throw thrown;
    }
    return { ok: true, transpiled };
  } catch (thrown) {
    return { ok: false, stage, message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

process.once('message', async (request: TranspileRequest) => {
  const reply = await answer(request);
  process.send?.(reply, undefined, undefined, () => process.disconnect?.());
});
process.send?.('ready');
