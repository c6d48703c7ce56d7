/** What must hold after every hostile case, whatever it was. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { fixture, type LogLine, type TestHost } from './harness.ts';

/** ms that what a case leaves behind may take to go. */
const PATIENCE_MS = 30_000;

/** Function that `checkHealth` calls; the test deploys it from the fixture `hello`. */
export const BYSTANDER = 'bystander';

/** The process lives, another function answers, an upload is taken, nothing is left in the staging, no secret is in the log. */
export async function checkHealth(host: TestHost): Promise<void> {
  expect(host.process.exitCode).toBeNull();
  expect(host.process.signalCode).toBeNull();
  const answer = await fetch(`${host.edge}/fn/${BYSTANDER}/`);
  expect(await answer.text()).toBe('Hello from WebAssembly!\n');
  const good = await host.put('good', 'hello');
  expect(good.status, await good.text()).toBeOneOf([200, 201]);
  expect(await settled(() => stagedFiles(host), 0), 'files in the staging').toBe(0);
  expect(host.noise, 'lines of the log that are no JSON').toEqual([]);
  expect(host.log.some((line) => JSON.stringify(line).includes(host.token))).toBe(false);
}

/** After each case of many: the process lives, and another function answers. */
export async function checkBystander(host: TestHost): Promise<void> {
  expect(host.process.exitCode).toBeNull();
  expect(host.process.signalCode).toBeNull();
  expect(await (await fetch(`${host.edge}/fn/${BYSTANDER}/`)).text()).toBe(
    'Hello from WebAssembly!\n',
  );
}

/** An upload that was never prepared before: it goes through a transpiler of its own, which nothing may have poisoned. */
export async function checkUnseenUpload(host: TestHost): Promise<void> {
  const response = await host.put('unseen', unseen(await readFile(fixture('hello'))));
  expect(response.status, await response.text()).toBe(201);
  expect((await fetch(`${host.edge}/fn/unseen/`)).status).toBe(200);
}

/** The same program in other bytes: a custom section (core specification 5.5.3) at the end makes the difference. */
function unseen(component: Uint8Array): Uint8Array {
  const contents = [1, 0x78, ...randomBytes(16)];
  return Buffer.concat([component, Uint8Array.from([0, contents.length, ...contents])]);
}

/** Descriptors that the host has open. */
export async function descriptors(host: TestHost): Promise<number> {
  return (await readdir(`/proc/${host.pid}/fd`)).length;
}

/** Waits until the host has no more descriptors open than before. */
export async function checkDescriptors(host: TestHost, before: number): Promise<void> {
  expect(await settled(() => descriptors(host), before), 'open descriptors').toBeLessThanOrEqual(
    before,
  );
}

function stagedFiles(host: TestHost): Promise<number> {
  return readdir(join(host.data, 'staging')).then((names) => names.length);
}

/** The line of an admin request, found by the id that its answer carries. */
export function adminLine(host: TestHost, answer: Response): Promise<LogLine> {
  const id = answer.headers.get('x-request-id');
  return host.logged(
    (line) => line['request_id'] === id && line['msg'] === 'admin request',
    `the line of admin request ${id}`,
  );
}

/** The line of a request to the edge that carried this trace id. */
export function edgeLine(host: TestHost, traceId: string): Promise<LogLine> {
  return host.logged(
    (line) => line['trace_id'] === traceId && line['msg'] === 'request',
    `the line of the request of trace ${traceId}`,
  );
}

/** A `traceparent` (W3C Trace Context) of our own, and its trace id. */
export function newTrace(): {
  readonly traceId: string;
  readonly headers: { readonly traceparent: string };
} {
  const traceId = randomBytes(16).toString('hex');
  return {
    traceId,
    headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` },
  };
}

/** What a figure is once it has come down to a bound, or when patience ends. The system tells of no such event. */
async function settled(read: () => Promise<number>, bound: number): Promise<number> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (value <= bound || performance.now() > until) return value;
    await pause(20);
  }
}
