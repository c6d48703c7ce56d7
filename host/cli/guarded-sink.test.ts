import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { httpFake, run } from './testing.ts';

/** Loses its reader at the first write, as a pipe into `head` does: told after the write. */
class PipeFake extends EventEmitter {
  readonly isTTY = false;
  /** Writes after the error was told. */
  late = 0;
  #told = false;
  readonly #code: string;

  constructor(code: string) {
    super();
    this.#code = code;
  }

  write(): boolean {
    if (this.#told) this.late += 1;
    const error = Object.assign(new Error(`write ${this.#code}`), { code: this.#code });
    process.nextTick(() => {
      this.#told = true;
      this.emit('error', error);
    });
    return false;
  }
}

test('a reader that has gone is no failure, and is not written to again', async () => {
  const stdout = new PipeFake('EPIPE');
  await using edge = await httpFake(async (_seen, response) => {
    response.write('one');
    // The rest waits for a client that goes on reading, and this one must not.
    const ended = new Promise<void>((resolve) => response.on('close', resolve));
    const more = setInterval(() => response.write('more'), 5);
    await ended;
    clearInterval(more);
  });
  const { code, stderr } = await run(['call', 'endless', '--edge', edge.url], { stdout });
  expect({ code, stderr, late: stdout.late }).toEqual({ code: 0, stderr: '', late: 0 });
});

test('a disk that is full is a failure', async () => {
  const { code, stderr } = await run(['completion', 'bash'], { stdout: new PipeFake('ENOSPC') });
  expect(code).toBe(1);
  expect(stderr).toContain('error: The output cannot be written.\ncause: write ENOSPC\n');
});

test('stderr may be closed too', async () => {
  const stderr = new PipeFake('EPIPE');
  expect(await run(['show', 'No_Name'], { stderr })).toMatchObject({ code: 2 });
});
