import type { Benchmark } from './benchmark.ts';
import { compareServers } from './compare.ts';

export const hello: Benchmark = {
  name: 'hello',
  summary: 'GET, answered with one line of text: what a host adds to a request',
  byDefault: true,
  run: (context) =>
    compareServers(context, {
      name: 'hello',
      title: 'hello: GET, 24 bytes of answer',
      method: 'GET',
      path: '/',
      body: undefined,
      expected: 'Hello from WebAssembly!\n',
      poll: false,
    }),
};
