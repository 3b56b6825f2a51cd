// What the registry remembers of a strategy: its instance id, how often it was started, its last
// snapshot. Always: an id is given to one name only and never again, and a generation is durable
// before the start that uses it, so that ordinals grow across crashes of the whole node.

import { NdtsError, type Registry } from '@ndts/protocol';

const attemptsMax = 100;
const instanceCounter = 'strategies/last-instance';

export async function nextGeneration(registry: Registry, name: string): Promise<number> {
  return increment(registry, `strategies/${name}/generation`);
}

export async function instanceId(registry: Registry, name: string): Promise<number> {
  const key = `strategies/${name}/instance`;
  const known = await registry.get(key);
  if (known !== undefined) return readCount(key, known.value);
  const id = await increment(registry, instanceCounter);
  try {
    await registry.put(key, String(id), { ifRevision: 0 });
    return id;
  } catch (error) {
    if (!(error instanceof NdtsError) || error.code !== 'COMPARE_FAILED') throw error;
    // Somebody else named it first; the id taken here stays unused.
    const record = await registry.get(key);
    return readCount(key, record?.value ?? '');
  }
}

export async function readSnapshot(registry: Registry, name: string): Promise<string | undefined> {
  return (await registry.get(`strategies/${name}/snapshot`))?.value;
}

export async function writeSnapshot(registry: Registry, name: string, json: string): Promise<void> {
  await registry.put(`strategies/${name}/snapshot`, json);
}

export async function dropSnapshot(registry: Registry, name: string): Promise<void> {
  await registry.delete(`strategies/${name}/snapshot`);
}

/** Whether a person started or stopped it last; undefined: nobody did. */
export async function readWanted(registry: Registry, name: string): Promise<boolean | undefined> {
  const record = await registry.get(`strategies/${name}/wanted`);
  return record === undefined ? undefined : record.value === 'yes';
}

export async function writeWanted(
  registry: Registry,
  name: string,
  isWanted: boolean,
): Promise<void> {
  await registry.put(`strategies/${name}/wanted`, isWanted ? 'yes' : 'no');
}

async function increment(registry: Registry, key: string): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const record = await registry.get(key);
    const next = record === undefined ? 1 : readCount(key, record.value) + 1;
    try {
      await registry.put(key, String(next), { ifRevision: record?.revision ?? 0 });
      return next;
    } catch (error) {
      if (!(error instanceof NdtsError) || error.code !== 'COMPARE_FAILED') throw error;
    }
  }
  throw new NdtsError('COMPARE_FAILED', `${key} changed ${attemptsMax} times while it was read`);
}

function readCount(key: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new NdtsError('CORRUPT', `${key}: expected a positive integer, found '${text}'`);
}
