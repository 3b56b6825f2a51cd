// pull_latency, pull_bandwidth and remote_ring: memory of one process read by another one-sided,
// over every adapter. Both processes share this machine: what is measured is software, not a
// network.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createPullServer } from '@ndts/native/fabric';
import { type Bench, type BenchContext, pick } from './kit/bench.js';
import { buildProgram, runBench } from './kit/native-program.js';
import { canPin } from './kit/pin.js';

const sizes = [64, 4096, 65_536, 1_048_576];
const ends = [64, 1_048_576];
const libfabric = 'tcp;ofi_rxm';

/** Those that work here; says why one does not. */
function providers(context: BenchContext, all: readonly string[]): string[] {
  return all.filter((provider) => {
    if (provider !== libfabric) return true;
    try {
      createPullServer({ provider, address: '127.0.0.1', port: 0 }).close();
      return true;
    } catch (error) {
      context.say(`${provider}: ${(error as Error).message}`);
      return false;
    }
  });
}

/** Also with the two processes on processors of their own, where figures are taken. */
async function pins(context: BenchContext): Promise<readonly string[]> {
  return context.size !== 'smoke' && (await canPin(context)) ? ['0', '1'] : ['0'];
}

let runs = 0;

async function runOne(
  context: BenchContext,
  what: string,
  provider: string,
  args: readonly string[],
): Promise<void> {
  const program = await buildProgram('pull_bench');
  runs += 1;
  const dir = join(context.memory, `run-${runs}`);
  mkdirSync(dir, { mode: 0o700 });
  const seconds = pick(context.size, { smoke: 0.05, small: 1, full: 10 });
  const words = [what, '--provider', provider, '--dir', dir, '--seconds', String(seconds), ...args];
  for (const line of await runBench(program, words)) context.emit(line);
}

/** Over TCP it matters what is read: memory that stays as it is, that changes while it is read (a
 * ring), or whose bytes their reader checks (blocks); see docs/protocol/pull.md. */
function memories(what: string, provider: string): readonly string[] {
  return what === 'bandwidth' && provider === 'tcp' ? ['steady', 'changing', 'proven'] : ['steady'];
}

function readBench(what: 'latency' | 'bandwidth', about: string): Bench {
  return {
    name: `pull_${what}`,
    about,
    run: async (context) => {
      for (const bytes of pick(context.size, { smoke: ends, small: sizes, full: sizes }))
        for (const provider of providers(context, ['mapped', 'tcp', libfabric]))
          for (const memory of memories(what, provider))
            for (const pin of await pins(context)) {
              const args = ['--bytes', String(bytes), '--memory', memory, '--pin', pin];
              await runOne(context, what, provider, args);
            }
    },
  };
}

const remoteRing: Bench = {
  name: 'remote_ring',
  about: 'a ring pulled from another process: records per second, and their age at the reader',
  run: async (context) => {
    const rates = [0, 100_000, 1_000_000];
    for (const rate of context.size === 'smoke' ? rates.slice(1, 2) : rates)
      for (const provider of providers(context, ['tcp', libfabric]))
        for (const pin of await pins(context))
          await runOne(context, 'ring', provider, ['--rate', String(rate), '--pin', pin]);
  },
};

export const pullBenches: readonly Bench[] = [
  readBench('latency', 'one one-sided read at a time, by size and adapter'),
  readBench('bandwidth', 'one-sided reads, eight in flight, by size and adapter'),
  remoteRing,
];
