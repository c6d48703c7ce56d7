/** Why an install is needed, `undefined` where it is not. */
export function reasonToInstall(root: string): string | undefined;

/** Runs `npm ci` where it is needed; returns the exit code. */
export function setUp(
  root: string,
  run?: (
    command: string,
    args: string[],
    options: object,
  ) => { status: number | null; error?: Error },
): number;
