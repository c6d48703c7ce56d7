import type { Readable, Writable } from 'node:stream';
import type { ByteSink, ByteSource } from '../wasi/index.ts';
import { ReadableSource } from './readable-source.ts';
import { WritableSink } from './writable-sink.ts';

export interface StandardStreams {
  /** Called when the guest first looks at its standard input, because to open it may take it from others. */
  readonly stdin: () => Readable;
  readonly stdinIsTTY: boolean;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** Dispose of it after the run: resolves when what the guest wrote has been handed on. */
export interface Attached extends AsyncDisposable {
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly terminals: {
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  };
}

export function attach({ stdin, stdinIsTTY, stdout, stderr }: StandardStreams): Attached {
  const source = new ReadableSource(stdin);
  const [out, err] = [new WritableSink(stdout), new WritableSink(stderr)];
  return {
    stdin: source,
    stdout: out,
    stderr: err,
    terminals: { stdin: stdinIsTTY, stdout: stdout.isTTY === true, stderr: stderr.isTTY === true },
    async [Symbol.asyncDispose]() {
      source.end();
      await Promise.all([out.end(), err.end()]);
    },
  };
}
