import type { Readable } from 'node:stream';
import busboy from 'busboy';
import type { StagedArtifact } from '../../store/index.ts';
import { SelvedgeError } from '../../base/index.ts';
import { AdminError } from '../errors.ts';

export interface FormOptions {
  /** The request's `content-type`. */
  readonly contentType: string;
  readonly maxConfigBytes: number;
  readonly stage: (
    module: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ) => Promise<StagedArtifact>;
}

export interface Form {
  readonly staged: StagedArtifact;
  /** Text of the part `config`. */
  readonly config: string | undefined;
}

/** More parts than a form that means well has; the parser stops there. */
const MAX_PARTS = 8;
const PLAIN_ENCODINGS = new Set(['7bit', '8bit', 'binary']);

/**
 * Reads the parts `module` and `config` of a form (RFC 7578), in any order, the module straight into the staging.
 * File names are not used for anything.
 *
 * Throws `multipart-invalid`, `part-unknown`, `part-repeated`, `part-not-a-file`, `part-encoded`, `module-missing` or
 * `config-not-text` (400), `config-too-large` (413), or what the source or the staging failed with; nothing is staged then.
 */
export async function readForm(
  source: AsyncIterable<Uint8Array>,
  options: FormOptions,
): Promise<Form> {
  const reading = new FormReading(options);
  try {
    for await (const chunk of source) await reading.write(chunk);
  } catch (thrown) {
    reading.fail(thrown);
  }
  return reading.end();
}

class FormReading {
  readonly #options: FormOptions;
  readonly #parser: busboy.Busboy;
  readonly #abort = new AbortController();
  readonly #closed: Promise<void>;
  #failure: unknown;
  #staged: Promise<StagedArtifact | undefined> | undefined;
  #config: Promise<string | undefined> | undefined;

  constructor(options: FormOptions) {
    this.#options = options;
    this.#parser = parserFor(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    this.#parser.on('close', resolve);
    this.#parser.on('error', (thrown) =>
      this.fail(thrown instanceof SelvedgeError ? thrown : invalid(thrown)),
    );
    this.#parser.on('partsLimit', () =>
      this.fail(invalid(new Error(`more than ${MAX_PARTS} parts`))),
    );
    this.#parser.on('file', (name, stream, { encoding }) => this.#file(name, stream, encoding));
    this.#parser.on('field', (name, value, info) => this.#field(name, value, info.valueTruncated));
  }

  /** Throws what the form has failed with; resolves when the parser takes more. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#failure === undefined && !this.#parser.write(chunk)) await this.#drained();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The first failure is the reason; what it brings about is not. */
  fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = thrown;
    this.#abort.abort(thrown);
    this.#parser.destroy(thrown as Error);
  }

  async end(): Promise<Form> {
    if (this.#failure === undefined) this.#parser.end();
    await this.#closed;
    // Both have ended before anything is answered, so that nothing is staged after it.
    const [staged, config] = await Promise.all([this.#staged, this.#config]);
    if (staged !== undefined && this.#failure === undefined) return { staged, config };
    await staged?.discard();
    throw (
      this.#failure ??
      refused(
        'module-missing',
        'the form has no part "module"',
        'send the .wasm as the part "module"',
      )
    );
  }

  #file(name: string | undefined, stream: Readable, encoding: string): void {
    // The parser destroys it with the reason that it also tells itself.
    stream.on('error', () => undefined);
    if (!this.#accepts(name)) return;
    if (!PLAIN_ENCODINGS.has(encoding)) {
      return this.fail(
        refused(
          'part-encoded',
          `the part "${name}" is encoded`,
          'send parts without content-transfer-encoding (RFC 7578 section 4.7)',
        ),
      );
    }
    const failed = (thrown: unknown) => {
      this.fail(thrown);
      return undefined;
    };
    if (name === 'module')
      this.#staged = this.#options.stage(stream, this.#abort.signal).catch(failed);
    else this.#config = textOf(stream, this.#options.maxConfigBytes).catch(failed);
  }

  #field(name: string, value: string, truncated: boolean): void {
    if (!this.#accepts(name)) return;
    if (name === 'module')
      return this.fail(
        refused(
          'part-not-a-file',
          'the part "module" has no file name',
          'send it as a file: curl -F module=@app.wasm',
        ),
      );
    if (truncated) return this.fail(configTooLarge(this.#options.maxConfigBytes));
    this.#config = Promise.resolve(value);
  }

  #accepts(name: string | undefined): name is 'module' | 'config' {
    if (name !== 'module' && name !== 'config') {
      const shown = name === undefined ? 'without a name' : JSON.stringify(name.slice(0, 60));
      this.fail(
        refused(
          'part-unknown',
          `the form has a part ${shown}`,
          'send the parts "module" and "config" only',
        ),
      );
      return false;
    }
    if ((name === 'module' ? this.#staged : this.#config) === undefined) return true;
    this.fail(refused('part-repeated', `the form has the part "${name}" twice`, 'send it once'));
    return false;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#parser.off('drain', done);
        this.#parser.off('close', done);
        resolve();
      };
      this.#parser.on('drain', done);
      this.#parser.on('close', done);
    });
  }
}

function parserFor({ contentType, maxConfigBytes }: FormOptions): busboy.Busboy {
  try {
    // One byte more than is taken, so that what is exactly as long is not called cut off.
    return busboy({
      headers: { 'content-type': contentType },
      limits: { parts: MAX_PARTS, fieldSize: maxConfigBytes + 1 },
    });
  } catch (thrown) {
    throw invalid(thrown);
  }
}

async function textOf(stream: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw configTooLarge(maxBytes);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (thrown) {
    throw refused(
      'config-not-text',
      'the part "config" is not UTF-8',
      'send it as JSON in UTF-8',
      thrown,
    );
  }
}

function configTooLarge(maxBytes: number): AdminError {
  return new AdminError({
    code: 'config-too-large',
    status: 413,
    message: `the part "config" is larger than ${maxBytes} bytes`,
    fix: 'a configuration is a few lines of JSON; the module goes into the part "module"',
  });
}

function invalid(cause: unknown): AdminError {
  const reason = cause instanceof Error ? cause.message : 'it cannot be parsed';
  return refused(
    'multipart-invalid',
    `the form is not valid: ${reason}`,
    'send multipart/form-data as RFC 7578 has it, with its last boundary',
    cause,
  );
}

function refused(code: string, message: string, fix: string, cause?: unknown): AdminError {
  return new AdminError({ code, status: 400, message, fix, cause });
}
