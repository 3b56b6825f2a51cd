// The Registry port on a KeyValueStore, for a cluster of one process. Always: a revision is written
// with the change it numbers and never used twice; what get, list, put or a watch shows is durable;
// keys of a former process's leases are gone before the first call.

import {
  type Clock,
  type KeyValueOperation,
  type KeyValueStore,
  type Leadership,
  type Lease,
  NdtsError,
  type PutOptions,
  type Random,
  type Registry,
  type RegistryEvent,
  type RegistryRecord,
} from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
import { decodeJson, encodeJson } from './json-value.js';
import { RegistryLeases } from './registry-leases.js';

export interface EmbeddedRegistryOptions {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A record as it is kept; its key is the store's key without the prefix. */
interface StoredRecord {
  readonly value: string;
  readonly revision: number;
  readonly createRevision: number;
  readonly lease?: string;
}

interface Watcher {
  readonly prefix: string;
  readonly afterRevision: number;
  readonly listener: (event: RegistryEvent) => void;
  open: boolean;
}

interface Campaign {
  readonly name: string;
  readonly key: string;
  readonly lease: string;
  readonly resolve: (record: RegistryRecord) => void;
  readonly reject: (error: unknown) => void;
}

const recordPrefix = 'registry/record/';
const revisionKey = 'registry/revision';
const electionPrefix = 'elections/';

export class EmbeddedRegistry implements Registry {
  readonly #store: KeyValueStore;
  readonly #logger: Logger;
  readonly #leases: RegistryLeases;
  readonly #watchers = new Set<Watcher>();
  readonly #campaigns = new Set<Campaign>();
  #revision: number;
  #position = 0;
  /** Changes that are not known to be durable yet; their events go out in order when they are. */
  readonly #undelivered: { position: number; events: readonly RegistryEvent[] }[] = [];
  #closed = false;

  constructor(options: EmbeddedRegistryOptions) {
    this.#store = options.store;
    this.#logger = options.logger;
    this.#leases = new RegistryLeases(options.clock, options.random, (lease, keys) =>
      this.#onLeaseEnd(lease, keys),
    );
    const revision = this.#store.get(revisionKey);
    this.#revision = revision === undefined ? 0 : decodeJson<number>(revision, revisionKey);
    this.#dropFormerLeases();
  }

  async get(key: string): Promise<RegistryRecord | undefined> {
    this.#checkOpen();
    const record = this.#read(key);
    await this.#settled();
    return record;
  }

  async list(prefix: string): Promise<RegistryRecord[]> {
    this.#checkOpen();
    const records = this.#scan(prefix);
    await this.#settled();
    return records;
  }

  async put(key: string, value: string, options: PutOptions = {}): Promise<number> {
    this.#checkOpen();
    checkKey(key);
    if (options.lease !== undefined) this.#leases.check(options.lease);
    const present = this.#read(key);
    compareRevision(key, present, options.ifRevision);
    const record = this.#put(key, value, options.lease, present);
    await this.#settled();
    return record.revision;
  }

  async delete(key: string, options: { readonly ifRevision?: number } = {}): Promise<boolean> {
    this.#checkOpen();
    const present = this.#read(key);
    compareRevision(key, present, options.ifRevision);
    if (present !== undefined) this.#deleteAll([present]);
    await this.#settled();
    return present !== undefined;
  }

  watch(prefix: string, listener: (event: RegistryEvent) => void): () => void {
    this.#checkOpen();
    const watcher: Watcher = { prefix, listener, afterRevision: this.#revision, open: true };
    this.#watchers.add(watcher);
    return () => {
      watcher.open = false;
      this.#watchers.delete(watcher);
    };
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    this.#checkOpen();
    const id = this.#leases.grant(ttlMs);
    return {
      id,
      ttlMs,
      renew: async () => {
        this.#checkOpen();
        this.#leases.renew(id);
      },
      revoke: async () => {
        this.#checkOpen();
        this.#leases.end(id);
        await this.#settled();
      },
    };
  }

  async campaign(name: string, candidate: string, lease: Lease): Promise<Leadership> {
    this.#checkOpen();
    checkKey(name);
    this.#leases.check(lease.id);
    const key = `${electionPrefix}${name}/${lease.id}`;
    const record = this.#read(key) ?? this.#put(key, candidate, lease.id, undefined);
    const won = new Promise<RegistryRecord>((resolve, reject) => {
      this.#campaigns.add({ name, key, lease: lease.id, resolve, reject });
    });
    this.#decide(name);
    await won;
    await this.#settled();
    return {
      token: record.createRevision,
      value: record.value,
      resign: async () => {
        this.#checkOpen();
        const present = this.#read(key);
        if (present?.createRevision === record.createRevision) this.#deleteAll([present]);
        await this.#settled();
      },
    };
  }

  async leader(name: string): Promise<RegistryRecord | undefined> {
    this.#checkOpen();
    const first = this.#candidates(name)[0];
    await this.#settled();
    return first;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#leases.close();
    this.#watchers.clear();
    for (const campaign of this.#campaigns)
      campaign.reject(new NdtsError('CLOSED', 'the registry was closed'));
    this.#campaigns.clear();
    await this.#settled().catch(() => undefined);
  }

  /** Waits until all changes so far are durable and the watchers have seen them. A disk that failed
   * and recovers loses no event: it goes out with the next change that is durable. */
  async #settled(): Promise<void> {
    if (this.#undelivered.length === 0) return;
    const position = this.#position;
    await this.#store.durable(position);
    for (let next = this.#undelivered[0]; next !== undefined; next = this.#undelivered[0]) {
      if (next.position > position) break;
      this.#undelivered.shift();
      for (const event of next.events) this.#deliver(event);
    }
  }

  #read(key: string): RegistryRecord | undefined {
    const bytes = this.#store.get(recordPrefix + key);
    return bytes === undefined ? undefined : toRecord(key, bytes);
  }

  #scan(prefix: string): RegistryRecord[] {
    const entries = this.#store.scan({ prefix: recordPrefix + prefix });
    return entries.map(({ key, value }) => toRecord(key.slice(recordPrefix.length), value));
  }

  #put(
    key: string,
    value: string,
    lease: string | undefined,
    present: RegistryRecord | undefined,
  ): RegistryRecord {
    const revision = this.#revision + 1;
    const createRevision = present?.createRevision ?? revision;
    const stored: StoredRecord = {
      value,
      revision,
      createRevision,
      ...(lease === undefined ? {} : { lease }),
    };
    this.#write([{ key: recordPrefix + key, value: encodeJson(stored) }], revision);
    if (present?.lease !== undefined) this.#leases.detach(present.lease, key);
    if (lease !== undefined) this.#leases.attach(lease, key);
    const record: RegistryRecord = { key, value, revision, createRevision, lease };
    this.#emit([{ type: 'put', key, record, revision }]);
    return record;
  }

  #deleteAll(records: readonly RegistryRecord[]): void {
    if (records.length === 0) return;
    const first = this.#revision + 1;
    const events = records.map(
      ({ key }, index): RegistryEvent => ({
        type: 'delete',
        key,
        record: undefined,
        revision: first + index,
      }),
    );
    const operations = records.map(({ key }) => ({ key: recordPrefix + key, value: undefined }));
    this.#write(operations, this.#revision + records.length);
    for (const record of records)
      if (record.lease !== undefined) this.#leases.detach(record.lease, record.key);
    this.#emit(events);
    for (const { key } of records) this.#decideAfterDelete(key);
  }

  #write(operations: readonly KeyValueOperation[], revision: number): void {
    const numbered = [...operations, { key: revisionKey, value: encodeJson(revision) }];
    this.#position = this.#store.write(numbered);
    this.#revision = revision;
  }

  #emit(events: readonly RegistryEvent[]): void {
    this.#undelivered.push({ position: this.#position, events });
    // Whoever waits for the change hears of a failed disk; a change nobody waits for is logged
    // here.
    this.#settled().catch((error: unknown) => {
      this.#logger.error({ err: error }, 'a registry change is not durable');
    });
  }

  #deliver(event: RegistryEvent): void {
    for (const watcher of [...this.#watchers]) {
      if (!watcher.open || event.revision <= watcher.afterRevision) continue;
      if (!event.key.startsWith(watcher.prefix)) continue;
      try {
        watcher.listener(event);
      } catch (error) {
        this.#logger.error({ err: error, key: event.key }, 'a watcher of the registry threw');
      }
    }
  }

  #onLeaseEnd(lease: string, keys: readonly string[]): void {
    const lost = new NdtsError('LEASE_LOST', `the lease ${lease} expired or was revoked`);
    for (const campaign of [...this.#campaigns]) {
      if (campaign.lease !== lease) continue;
      this.#campaigns.delete(campaign);
      campaign.reject(lost);
    }
    try {
      const records = keys.map((key) => this.#read(key)).filter((record) => record !== undefined);
      this.#deleteAll(records);
    } catch (error) {
      // The store refuses writes; the keys go at the next open at the latest.
      this.#logger.error({ err: error, lease }, 'the keys of a lease could not be deleted');
    }
  }

  /** Candidates of an election, the leader first. */
  #candidates(name: string): RegistryRecord[] {
    const prefix = `${electionPrefix}${name}/`;
    return this.#scan(prefix)
      .filter(({ key }) => !key.slice(prefix.length).includes('/'))
      .sort((left, right) => left.createRevision - right.createRevision);
  }

  #decideAfterDelete(key: string): void {
    if (!key.startsWith(electionPrefix)) return;
    const end = key.lastIndexOf('/');
    if (end > electionPrefix.length) this.#decide(key.slice(electionPrefix.length, end));
  }

  #decide(name: string): void {
    if (this.#campaigns.size === 0) return;
    const leader = this.#candidates(name)[0];
    for (const campaign of [...this.#campaigns]) {
      if (campaign.name !== name || campaign.key !== leader?.key) continue;
      this.#campaigns.delete(campaign);
      campaign.resolve(leader);
    }
  }

  #dropFormerLeases(): void {
    this.#deleteAll(this.#scan('').filter(({ lease }) => lease !== undefined));
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the registry is closed');
  }
}

function toRecord(key: string, bytes: Uint8Array): RegistryRecord {
  const stored = decodeJson<StoredRecord>(bytes, recordPrefix + key);
  return {
    key,
    value: stored.value,
    revision: stored.revision,
    createRevision: stored.createRevision,
    lease: stored.lease,
  };
}

function compareRevision(
  key: string,
  present: RegistryRecord | undefined,
  expected: number | undefined,
): void {
  if (expected === undefined) return;
  const found = present?.revision ?? 0;
  if (found !== expected)
    throw new NdtsError(
      'COMPARE_FAILED',
      `expected revision ${expected} of '${key}', found ${found}`,
    );
}

function checkKey(key: string): void {
  if (key === '') throw new NdtsError('INVALID_ARGUMENT', 'expected a key, found empty text');
}
