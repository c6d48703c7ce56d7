/** For tests: bodies that come in and sinks that bodies go to, and header lists from text. */
import { FakeSink, FakeSource } from '../io/test-streams.ts';
import type { HttpBodySink } from './body-pipe.ts';
import type { HttpFailure } from './error-code.ts';
import type { HeaderList } from './header-list.ts';
import type { IncomingBodySource } from './incoming-body.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function fields(...entries: [name: string, value: string][]): HeaderList {
  return entries.map(([name, value]) => [name, encoder.encode(value)]);
}

export function text(list: HeaderList): [string, string][] {
  return list.map(([name, value]) => [name, decoder.decode(value)]);
}

export class FakeBody extends FakeSource implements IncomingBodySource {
  trailerFields: HeaderList | undefined;

  trailers(): HeaderList | undefined {
    return this.trailerFields;
  }
}

export class FakeBodySink extends FakeSink implements HttpBodySink {
  finished: { trailers: HeaderList | undefined }[] = [];
  aborted: HttpFailure[] = [];

  finish(trailers: HeaderList | undefined): void {
    this.finished.push({ trailers });
  }

  abort(failure: HttpFailure): void {
    this.aborted.push(failure);
  }
}
