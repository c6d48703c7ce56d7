import { readFileSync } from 'node:fs';
import { open } from '../describe.ts';
import type { Router } from '../router.ts';

/** Nothing from elsewhere, no code but its own file, and calls to this API alone. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES = [
  ['/try', 'page.html', 'text/html; charset=utf-8'],
  ['/try/script.js', 'script.js', 'text/javascript; charset=utf-8'],
  ['/try/style.css', 'style.css', 'text/css; charset=utf-8'],
] as const;

/**
 * The page from which typed functions are tried: static, without a secret, so it needs no token itself. It asks for
 * the token, keeps it in memory, and calls `/v1/` with it.
 */
export function addTry(router: Router): void {
  for (const [path, file, type] of FILES) {
    const content = readFileSync(new URL(file, import.meta.url));
    router.add(
      {
        method: 'get',
        path,
        operationId: `try.${file}`,
        summary: 'The page to try calls from.',
        responses: {
          200: {
            description: 'A static file.',
            content: { [type.split(';', 1)[0] as string]: { schema: { type: 'string' } } },
          },
          ...open(),
        },
      },
      (c) =>
        c.body(new Uint8Array(content), 200, {
          'content-type': type,
          'content-security-policy': POLICY,
        }),
    );
  }
}
