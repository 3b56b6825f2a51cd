// `ndts consumers`: the names under which readers keep their positions, how far behind each is, and
// how to forget one. By the node or program that has the folder open, or opened here.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type ConfigValues, NdtsError, timeFromMs, timeText } from '@ndts/protocol';
import { type ConsumerInfo, NDTSClient } from '@ndts/storage';
import { numberText, tableText } from '../screen/table.js';

interface ConsumersFlags {
  readonly dataDir: string;
  readonly config?: string;
}

export interface ConsumersContext {
  readonly values: (flags: ConsumersFlags) => ConfigValues;
  readonly print: (text: string) => void;
}

/** For a node that is about to serve. */
const openTimeoutMs = 1000;

export function addConsumers(program: Command, { values, print }: ConsumersContext): void {
  const consumers = program
    .command('consumers')
    .description('readers whose positions are kept: list, remove (docs/client.md)');
  const add = (name: string, description: string): Command =>
    consumers
      .command(name)
      .description(description)
      .option('--data-dir <folder>', 'the data folder', 'data')
      .option('--config <file>', 'its configuration, YAML or TOML');
  add('list', 'names, positions, and ticks that are not acknowledged')
    .option('--json', 'one JSON line, for programs', false)
    .action((flags: ConsumersFlags & { json: boolean }) =>
      listConsumers(values(flags), flags.json, print),
    );
  add('remove', 'forget a position; whoever reads under the name is ended')
    .argument('<name>')
    .action((name: string, flags: ConsumersFlags) => removeConsumer(name, values(flags), print));
}

export async function listConsumers(
  values: ConfigValues,
  json: boolean,
  print: (text: string) => void,
): Promise<void> {
  await using client = clientOf(values);
  const consumers = await client.consumers();
  const accepted = (await client.getShards()).map((shard) => shard.accepted);
  const views = consumers.map((one) => viewOf(one, accepted));
  if (json) print(JSON.stringify(views));
  else if (views.length === 0) print('no consumers');
  else
    print(
      tableText(
        [
          { title: 'name' },
          { title: 'table' },
          { title: 'reads now' },
          { title: 'behind', right: true },
          { title: 'acknowledged' },
        ],
        views.map(({ name, table, held, behind, timeMs }) => [
          name,
          table,
          held ? 'yes' : 'no',
          behind === null ? '' : numberText(behind),
          timeText(timeFromMs(timeMs)),
        ]),
      ),
    );
}

export async function removeConsumer(
  name: string,
  values: ConfigValues,
  print: (text: string) => void,
): Promise<void> {
  await using client = clientOf(values);
  if (!(await client.removeConsumer(name)))
    throw new NdtsError('NOT_FOUND', `there is no consumer ${name}`);
  print(`removed ${name}`);
}

function clientOf(values: ConfigValues): NDTSClient {
  if (!existsSync(join(values.dataDir, 'ticks')))
    throw new NdtsError('NOT_FOUND', `no database in ${values.dataDir}`);
  return new NDTSClient({ mode: 'standalone', values, openTimeoutMs });
}

/** `behind`: rows of ticks above its position; of other tables nobody counts. */
function viewOf(
  { name, table, timeMs, held, position }: ConsumerInfo,
  accepted: readonly number[],
) {
  const behind =
    table === 'tick'
      ? accepted.reduce((sum, end, shard) => sum + end - (position.sequence[shard] ?? 0), 0)
      : null;
  const shards = Array.from(position.sequence, (sequence, shard) => ({
    shard,
    epoch: position.epoch[shard] ?? 0,
    sequence,
  }));
  return { name, table, timeMs, held, behind, shards };
}
