// What the registry remembers of a strategy: its instance id, how often it was started, its last
// snapshot. Always: an id is given to one name only and never again, and a generation is durable
// before the start that uses it, so that ordinals grow across crashes of the whole node.

import { NdtsError, type Registry, type RingPosition } from '@ndts/protocol';

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

/** Snapshots of another version stay where they are, for the code that understands them. Those of
 * before orders had revisions have the text alone. */
function snapshotKey(name: string, version: number): string {
  return `strategies/${name}/snapshot${version === 1 ? '' : `-${version}`}`;
}

/** Where it is kept with what it knows of orders. */
function keptKey(name: string, version: number): string {
  return `strategies/${name}/kept-${version}`;
}

/** JSON text of the plugin. */
export interface SavedSnapshot {
  readonly json: string;
  /** Changes of orders up to this revision are in it; undefined: nobody knows. */
  readonly orders: number | undefined;
}

export async function readSnapshot(
  registry: Registry,
  name: string,
  version: number,
): Promise<SavedSnapshot | undefined> {
  const kept = await registry.get(keptKey(name, version));
  if (kept !== undefined) {
    const end = kept.value.indexOf(' ');
    return { json: kept.value.slice(end + 1), orders: Number(kept.value.slice(0, end)) };
  }
  const record = await registry.get(snapshotKey(name, version));
  return record && { json: record.value, orders: undefined };
}

export async function writeSnapshot(
  registry: Registry,
  name: string,
  version: number,
  { json, orders }: SavedSnapshot & { readonly orders: number },
): Promise<void> {
  await registry.put(keptKey(name, version), `${orders} ${json}`);
}

/** What a driver saved, of which plan, and the rows it had not seen. */
export interface SavedState {
  readonly signature: string;
  readonly positions: readonly RingPosition[];
  readonly bytes: Uint8Array;
}

export async function readState(registry: Registry, name: string): Promise<SavedState | undefined> {
  const record = await registry.get(`strategies/${name}/state`);
  if (record === undefined) return undefined;
  const saved = JSON.parse(record.value) as SavedState & { readonly bytes: string };
  return { ...saved, bytes: Uint8Array.from(Buffer.from(saved.bytes, 'base64')) };
}

export async function writeState(
  registry: Registry,
  name: string,
  state: SavedState,
): Promise<void> {
  const bytes = Buffer.from(state.bytes).toString('base64');
  await registry.put(`strategies/${name}/state`, JSON.stringify({ ...state, bytes }));
}

/** Both would fail every start, if one did once. */
export async function dropSaved(registry: Registry, name: string, version: number): Promise<void> {
  await registry.delete(keptKey(name, version));
  await registry.delete(snapshotKey(name, version));
  await registry.delete(`strategies/${name}/state`);
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
