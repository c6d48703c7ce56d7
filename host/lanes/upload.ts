import { quote } from '../base/index.ts';
import { readComponent, readCoreModule, sniff, type CoreModule } from '../component/index.ts';
import type { Program } from '../runtime/index.ts';
import { assemblyscript } from './assemblyscript.ts';
import { command, isReactor } from './command.ts';
import { LaneError } from './errors.ts';
import { httpP2 } from './http-p2.ts';
import { httpP3 } from './http-p3.ts';
import type { Entry, Lane } from './lane.ts';
import { typed } from './typed/index.ts';

/** All lanes, in the order in which an upload is offered to them. */
const lanes: readonly Lane[] = [httpP3, httpP2, command, assemblyscript, typed];

/** An upload that has been read, and the lane by which it is called. */
export interface Upload {
  readonly program: Program;
  readonly lane: Lane['name'];
  readonly entry: Entry;
}

/**
 * Reads an upload and finds its lane from its bytes alone.
 * Throws `ComponentError` for bytes that are no valid module or component, and `LaneError` `no-lane` for one
 * that no lane takes, with what it exports and what would be callable.
 */
export function readUpload(bytes: Uint8Array): Upload {
  if (sniff(bytes).kind === 'core-module') {
    const module = readCoreModule(bytes);
    for (const lane of lanes) {
      const found = lane.matchModule?.(module);
      if (found !== undefined) return { ...found, lane: lane.name };
    }
    throw coreModuleRefused(module);
  }
  const component = readComponent(bytes);
  for (const lane of lanes) {
    const entry = lane.match?.(component);
    if (entry !== undefined) return { program: { component }, lane: lane.name, entry };
  }
  throw noLane(
    component.exports.map((each) => `${each.name} (${each.type.kind})`),
    'it is a component',
  );
}

function coreModuleRefused(module: CoreModule): LaneError {
  const kind = isReactor(module)
    ? 'it is a reactor for wasi_snapshot_preview1, whose functions "selvedge run --invoke" calls'
    : module.imports.some((each) => each.module === 'wasi_snapshot_preview1')
      ? 'it is a core module for wasi_snapshot_preview1'
      : module.imports.some((each) => each.module === 'env' && each.name === 'abort')
        ? 'it is a core module that may be of AssemblyScript, without the runtime that asc --exportRuntime gives it,'
        : 'it is a core module, not a component';
  return noLane(
    module.exports.map((each) => `${each.name} (${each.type.kind})`),
    kind,
  );
}

/** Exports are the guest's to name: shown quoted, and not without end. */
function noLane(exports: readonly string[], kind: string): LaneError {
  const shown = exports.slice(0, 20).map((each) => quote(each));
  const rest = exports.length - shown.length;
  const list =
    shown.length === 0 ? 'nothing' : shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  const callable = lanes.flatMap((lane) =>
    [lane.takes, lane.takesModule].filter((each) => each !== undefined),
  );
  return new LaneError({
    code: 'no-lane',
    status: 422,
    message: `nothing of this upload can be called: ${kind} that exports ${list}`,
    fix: `callable is ${callable.join(', or ')}; for Rust: cargo build --target wasm32-wasip2 with the crate wasi`,
    details: { exports: exports.slice(0, 100).map((each) => each.slice(0, 200)), callable },
  });
}
