import { createInterface } from 'node:readline/promises';
import process from 'node:process';

/**
 * Asks on stderr, so that stdout stays for results. Resolves to `undefined` where no person is at
 * both ends, and to `false` where the input ends without an answer.
 */
export async function confirmAtTerminal(question: string): Promise<boolean | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  // The terminal's own line editing: Ctrl-C then ends the process as everywhere else.
  const reader = createInterface({ input: stdin, output: stderr, terminal: false });
  const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([reader.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
