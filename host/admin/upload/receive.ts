import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/index.ts';
import type { ArtifactStore, Json, JsonObject, StagedArtifact } from '../../store/index.ts';
import { AdminError } from '../errors.ts';
import { checkLength, readBody } from './body.ts';
import { readForm } from './form.ts';
import { moduleBytes } from './module-bytes.ts';
import { Pace } from './pace.ts';

/** What one upload may take. */
export interface UploadLimits {
  /** Bytes of the module. */
  readonly uploadBytes: number;
  /** Bytes of the part `config`. */
  readonly configBytes: number;
  /** Time for the whole upload, milliseconds. */
  readonly uploadTimeoutMs: number;
  /** Least bytes per second, measured over each `uploadWindowMs`. */
  readonly uploadMinBytesPerSecond: number;
  readonly uploadWindowMs: number;
}

export const defaultUploadLimits: UploadLimits = {
  uploadBytes: 64 * 2 ** 20,
  configBytes: 256 * 1024,
  uploadTimeoutMs: 5 * 60_000,
  uploadMinBytesPerSecond: 1024,
  uploadWindowMs: 10_000,
};

/** Boundaries and part headers of a form. */
const FORM_OVERHEAD = 64 * 1024;

export interface ReceiveOptions {
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly limits: UploadLimits;
}

export interface Received {
  /** The caller ends it, by `commit` or `discard`. */
  readonly staged: StagedArtifact;
  readonly config: JsonObject;
}

/**
 * Takes an upload in: the module itself (`application/wasm`, nothing granted), or a form with its configuration. The
 * module goes to the store chunk by chunk.
 *
 * Throws `media-type-unsupported` and `content-encoding-unsupported` (415), and what `readBody`, `readForm`,
 * `moduleBytes` and `ArtifactStore.stage` throw; nothing is staged then.
 */
export async function receive(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: ReceiveOptions,
): Promise<Received> {
  const { artifacts, clock, limits } = options;
  const contentType = incoming.headers['content-type'] ?? '';
  const essence = contentType.split(';', 1)[0]?.trim().toLowerCase();
  checkEncoding(incoming);
  if (essence !== 'application/wasm' && essence !== 'multipart/form-data')
    throw unsupported(essence ?? '');
  const isForm = essence === 'multipart/form-data';
  const maxBytes = limits.uploadBytes + (isForm ? limits.configBytes + FORM_OVERHEAD : 0);
  checkLength(incoming, maxBytes);

  using pace = new Pace({
    clock,
    timeoutMs: limits.uploadTimeoutMs,
    minBytesPerSecond: limits.uploadMinBytesPerSecond,
    windowMs: limits.uploadWindowMs,
  });
  const body = readBody(incoming, outgoing, {
    maxBytes,
    signal: pace.signal,
    received: (bytes) => pace.received(bytes),
  });
  const stage = (module: AsyncIterable<Uint8Array>, signal: AbortSignal) =>
    artifacts.stage(moduleBytes(module), { maxBytes: limits.uploadBytes, signal });
  if (!isForm) return { staged: await stage(body, pace.signal), config: {} };

  const { staged, config } = await readForm(body, {
    contentType,
    maxConfigBytes: limits.configBytes,
    stage,
  });
  try {
    return { staged, config: parseConfig(config) };
  } catch (thrown) {
    await staged.discard();
    throw thrown;
  }
}

/** Nothing is decoded, so nothing small can become large. */
function checkEncoding(incoming: IncomingMessage): void {
  const encoding = incoming.headers['content-encoding'];
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return;
  throw new AdminError({
    code: 'content-encoding-unsupported',
    status: 415,
    message: 'encoded uploads are not taken',
    fix: 'send the module without content-encoding',
  });
}

function unsupported(essence: string): AdminError {
  return new AdminError({
    code: 'media-type-unsupported',
    status: 415,
    message: `the upload's content-type is ${essence === '' ? 'missing' : JSON.stringify(essence.slice(0, 80))}`,
    fix: 'send the module as application/wasm, or as the part "module" of multipart/form-data beside "config"',
  });
}

function parseConfig(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (thrown) {
    throw notAnObject('is not JSON', thrown);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notAnObject('is not an object');
  return value as JsonObject;
}

function notAnObject(what: string, cause?: unknown): AdminError {
  return new AdminError({
    code: 'config-invalid',
    status: 400,
    message: `the part "config" ${what}`,
    fix: 'send the function\'s table of the manifest as one JSON object: {"grants":{"poll":true}}',
    cause,
  });
}
