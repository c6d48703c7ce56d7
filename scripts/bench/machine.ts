import { availableParallelism, cpus, loadavg } from 'node:os';

/** What the figures were taken on; nothing that names the machine or its paths. */
export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted to run in the minute before, on average: others use the machine too. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model.trim() ?? 'unknown',
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    loadBefore: loadavg()[0] ?? 0,
  };
}

export function machineLine({ cores, model, platform, node, loadBefore }: Machine): string {
  const count = cores === 1 ? '1 core' : `${cores} cores`;
  return `${count}, ${model}, ${platform}, Node ${node}, load before ${loadBefore.toFixed(1)}`;
}
