import type { WasiInstance } from '../instance.ts';
import { type ByteSink, type ByteSource, InputStream, OutputStream } from '../io/index.ts';
import { HostResource } from '../resource.ts';

/*
 * A guest may ask for a standard stream any number of times and drop each of them; what is behind it
 * belongs to the host, which closes it.
 */

export function stdinStream(instance: WasiInstance, stdin: ByteSource): InputStream {
  return new InputStream(instance, {
    isReady: () => stdin.isReady(),
    subscribe: (wake) => stdin.subscribe(wake),
    read: (max) => stdin.read(max),
    expect: (max) => stdin.expect?.(max),
    close: () => {},
  });
}

export function outputStream(instance: WasiInstance, sink: ByteSink): OutputStream {
  return new OutputStream(instance, {
    isReady: () => sink.isReady(),
    subscribe: (wake) => sink.subscribe(wake),
    permit: () => sink.permit(),
    write: (bytes) => sink.write(bytes),
    flush: () => sink.flush(),
    close: () => {},
  });
}

/** `wasi:cli/terminal-input.terminal-input`: says that stdin is a terminal. */
export class TerminalInput extends HostResource {}

/** `wasi:cli/terminal-output.terminal-output`: says that stdout or stderr is a terminal. */
export class TerminalOutput extends HostResource {}
