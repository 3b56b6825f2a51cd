// codec: what each column codec makes of the columns that ticks have, and how fast; one line for
// each of data set, codec and figure. "chosen" is what a segment would get.

import { type Bench, type BenchContext, pick } from './kit/bench.js';
import { buildProgram, runProgram } from './kit/native-program.js';

interface CodecRecord {
  readonly data: string;
  readonly codec: string;
  readonly kernels: string;
  readonly values: number;
  readonly bits_per_value: number;
  readonly encode_values_per_s: number;
  readonly decode_values_per_s: number;
  readonly hash: string;
}

const rawBits = 64;

function emitRecord(context: BenchContext, record: CodecRecord): void {
  const { data, codec, kernels, values, hash: answer } = record;
  const params = { data, codec, kernels, values };
  const emit = (metric: string, value: number, unit: string): void =>
    context.emit({ bench: 'codec', params, metric, value, unit, answer });
  emit('bitsPerValue', record.bits_per_value, 'bit');
  emit('ratio', rawBits / record.bits_per_value, 'x');
  emit('encodeValuesPerSecond', record.encode_values_per_s, '1/s');
  emit('decodeValuesPerSecond', record.decode_values_per_s, '1/s');
}

async function run(context: BenchContext): Promise<void> {
  const program = await buildProgram('codec_bench');
  const values = pick(context.size, { smoke: 4096, small: 262_144, full: 1_048_576 });
  const rounds = pick(context.size, { smoke: 1, small: 9, full: 15 });
  const args = ['--values', String(values), '--rounds', String(rounds)];
  for (const record of await runProgram(program, args)) emitRecord(context, record as CodecRecord);
}

export const codec: Bench = {
  name: 'codec',
  about: 'size and speed of every column codec on prices, volumes, times and random bits',
  run,
};
