import type { Benchmark } from './benchmark.ts';
import { compareServers } from './compare.ts';

const body = 'selvedge--'.repeat(1024);

export const echo: Benchmark = {
  name: 'echo',
  summary: 'POST of 10 KiB, streamed back, with trailers: bodies both ways',
  byDefault: true,
  run: (context) =>
    compareServers(context, {
      name: 'echo',
      title: 'echo: POST of 10 KiB, the same bytes back',
      method: 'POST',
      path: '/',
      body,
      expected: body,
      poll: true,
    }),
};
