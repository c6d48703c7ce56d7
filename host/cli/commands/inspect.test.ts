import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { explanation, run } from '../testing.ts';

const cwd = fileURLToPath(new URL('../../../fixtures', import.meta.url));
const explainModule = () => Promise.resolve(explanation);

describe('inspect FILE', () => {
  test('prints kind, lane, what each import needs, exports and producers', async () => {
    const { code, stdout } = await run(['inspect', 'hello.wasm'], { cwd, explainModule });
    expect(code).toBe(0);
    expect(stdout).toMatch(/kind\s+component/);
    expect(stdout).toMatch(/lane\s+http/);
    expect(stdout).toMatch(/ok\s+wasi:cli\/stdout@0\.2\.6\s+linked for every function/);
    expect(stdout).toMatch(/missing\s+wasi:io\/poll@0\.2\.6\s+grant: poll = true/);
    expect(stdout).toMatch(/wasi:http\/incoming-handler@0\.2\.\d+ instance\n\s+handle\(request: /);
    expect(stdout).toMatch(/language: Rust/);
    expect(stdout).toContain('grants that are missing\n  poll = true\n');
  });

  test('--json gives all of it', async () => {
    const { stdout } = await run(['inspect', 'hello.wasm', '--json'], { cwd, explainModule });
    const report: unknown = JSON.parse(stdout);
    expect(report).toMatchObject({
      kind: 'component',
      lane: 'http',
      imports: [{ needs: 'always' }, { needs: 'grant', line: 'poll = true', covered: false }],
    });
  });

  test('reads a core module', async () => {
    const { code, stdout } = await run(['inspect', 'preview1.wasm'], { cwd, explainModule });
    expect(code).toBe(0);
    expect(stdout).toMatch(/kind\s+core-module/);
    expect(stdout).toContain('_start func');
  });

  test('says what a file is that is no module', async () => {
    const { code, stderr } = await run(['inspect', './README.md'], { cwd, explainModule });
    expect(code).toBe(1);
    expect(stderr).toContain('not WebAssembly');
  });

  test('says that a file is missing', async () => {
    const { code, stderr } = await run(['inspect', 'absent.wasm'], { cwd, explainModule });
    expect(code).toBe(1);
    expect(stderr).toContain('absent.wasm cannot be read');
  });
});
