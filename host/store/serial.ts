/** Runs the tasks of one key one after another, those of different keys side by side. */
export interface Serial {
  /** Gives what the task gives. A task that fails does not stop those behind it. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

export function createSerial(): Serial {
  const tails = new Map<string, Promise<void>>();
  return {
    async run(key, task) {
      const before = tails.get(key);
      const { promise: done, resolve: release } = Promise.withResolvers<void>();
      tails.set(key, done);
      try {
        await before;
        return await task();
      } finally {
        if (tails.get(key) === done) tails.delete(key);
        release();
      }
    },
  };
}
