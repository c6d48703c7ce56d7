import { overLimit, trap } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';
import { type Readiness, untilAnyReady, untilReady } from './readiness.ts';

/** `wasi:io/poll.pollable`. */
export class Pollable extends HostResource {
  readonly readiness: Readiness;

  constructor(instance: WasiInstance, readiness: Readiness) {
    super(instance);
    this.readiness = readiness;
  }

  ready(): boolean {
    return this.readiness.isReady();
  }

  async block(): Promise<void> {
    await untilReady(this.instance, this.readiness);
  }
}

/**
 * `wasi:io/poll.poll`: the indices of the pollables that are ready, at least one.
 * Traps on an empty list, as the specification says, and on one of more than `limits.copy` bytes of indices.
 */
export async function poll(
  instance: WasiInstance,
  pollables: readonly Pollable[],
): Promise<Uint32Array> {
  if (pollables.length === 0) throw trap('wasi:io/poll.poll was called with an empty list');
  const { copy } = instance.limits;
  if (pollables.length * Uint32Array.BYTES_PER_ELEMENT > copy)
    throw overLimit('copy', copy, 'bytes of indices from one poll');
  const sources = pollables.map((pollable) => pollable.readiness);
  for (;;) {
    await untilAnyReady(instance, sources);
    const ready: number[] = [];
    sources.forEach((source, index) => {
      if (source.isReady()) ready.push(index);
    });
    // Another task of the instance may have taken what was ready in the meantime.
    if (ready.length > 0) return Uint32Array.from(ready);
  }
}
