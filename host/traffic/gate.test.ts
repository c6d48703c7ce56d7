import { describe, expect, it } from 'vitest';
import { Gate } from './gate.ts';

describe('Gate', () => {
  it('runs a few at once, the others in turn, and turns away what is beyond the line', async () => {
    const gate = new Gate(2, 1);
    const doors = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const begun: number[] = [];
    const runs = doors.map((door, index) =>
      gate.run(async () => {
        begun.push(index);
        await door.promise;
      }),
    );
    await expect(gate.run(async () => {})).rejects.toMatchObject({
      code: 'deployments-busy',
      status: 503,
    });
    expect(begun).toEqual([0, 1]);
    doors[0]?.resolve();
    await runs[0];
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2]);
    doors[1]?.resolve();
    doors[2]?.resolve();
    await Promise.all(runs);
  });

  it('goes on after work that failed', async () => {
    const gate = new Gate(1, 0);
    await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(gate.run(async () => 'yes')).resolves.toBe('yes');
  });
});
