/** For tests: a source and a sink of bytes that do what the test says, when it says so. */
import { type ByteSource, StreamFailure, Wakers } from './index.ts';
import type { ByteSink } from './output-stream.ts';

export class FakeSource implements ByteSource {
  readonly wakers = new Wakers();
  readonly chunks: Uint8Array[] = [];
  readonly expected: number[] = [];
  ended = false;
  failure: StreamFailure | undefined;
  closed = 0;

  push(...bytes: number[]): void {
    this.chunks.push(Uint8Array.from(bytes));
    this.wakers.wake();
  }

  end(): void {
    this.ended = true;
    this.wakers.wake();
  }

  fail(failure: StreamFailure): void {
    this.failure = failure;
    this.wakers.wake();
  }

  isReady(): boolean {
    return this.chunks.length > 0 || this.ended || this.failure !== undefined;
  }

  subscribe(wake: () => void): () => void {
    return this.wakers.subscribe(wake);
  }

  read(max: number): Uint8Array | undefined {
    const chunk = this.chunks.shift();
    if (chunk === undefined) {
      if (this.failure !== undefined) throw this.failure;
      return this.ended ? undefined : new Uint8Array(0);
    }
    if (chunk.length > max) this.chunks.unshift(chunk.subarray(max));
    return chunk.subarray(0, max);
  }

  expect(max: number): void {
    this.expected.push(max);
  }

  close(): void {
    this.closed++;
  }
}

export class FakeSink implements ByteSink {
  readonly wakers = new Wakers();
  readonly written: number[] = [];
  room: number | undefined;
  flushing = false;
  flushes = 0;
  failure: StreamFailure | undefined;
  closed = 0;

  constructor(room: number | undefined = 1024) {
    this.room = room;
  }

  /** Changes the state of the sink, and wakes whoever waits. */
  now(state: { room?: number | undefined; flushing?: boolean; failure?: StreamFailure }): void {
    if ('room' in state) this.room = state.room;
    if (state.flushing !== undefined) this.flushing = state.flushing;
    if (state.failure !== undefined) this.failure = state.failure;
    this.wakers.wake();
  }

  isReady(): boolean {
    return (
      this.failure !== undefined || this.room === undefined || (this.room > 0 && !this.flushing)
    );
  }

  subscribe(wake: () => void): () => void {
    return this.wakers.subscribe(wake);
  }

  permit(): number | undefined {
    if (this.failure !== undefined) throw this.failure;
    return this.flushing ? 0 : this.room;
  }

  write(bytes: Uint8Array): void {
    if (this.failure !== undefined) throw this.failure;
    this.written.push(...bytes);
    if (this.room !== undefined) this.room -= bytes.length;
  }

  flush(): void {
    this.flushes++;
  }

  close(): void {
    this.closed++;
  }
}
