/** A stand-in for `host/main.ts`, with which the launcher's own behaviour is tested. */
export async function main([verb, operand, ...rest]: readonly string[]): Promise<number> {
  const line = {
    argv: [verb, operand, ...rest],
    major: Number(process.versions.node.split('.')[0]),
  };
  if (verb === 'wait') {
    const { promise, resolve } = Promise.withResolvers<number>();
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(0));
    const alive = setInterval(() => {}, 1000);
    process.stdout.write(`${JSON.stringify(line)}\n`);
    const code = await promise;
    clearInterval(alive);
    return code;
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (verb === 'die') process.kill(process.pid, operand);
  return Number(operand);
}
