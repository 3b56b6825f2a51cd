// Nodes, leases, elections, the shard map, symbol ids and config: small records changed only by
// compare-and-set. Every change of the store has a revision; revisions only grow.

export interface RegistryRecord {
  readonly key: string;
  readonly value: string;
  /** Revision of the last change of this key. */
  readonly revision: number;
  /** Revision at which the key was created: the fencing token of an election. */
  readonly createRevision: number;
  readonly lease: string | undefined;
}

export interface RegistryEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** undefined for a delete. */
  readonly record: RegistryRecord | undefined;
  readonly revision: number;
}

export interface PutOptions {
  /** Only when the key's revision is this; 0: only when it does not exist. Else COMPARE_FAILED. */
  readonly ifRevision?: number;
  /** The key goes away with this lease. LEASE_LOST when it is gone. */
  readonly lease?: string;
}

export interface Lease {
  readonly id: string;
  readonly ttlMs: number;
  /** Resolves once the registry confirmed it; rejects with LEASE_LOST. */
  renew(): Promise<void>;
  revoke(): Promise<void>;
}

export interface Leadership {
  /** The fencing token: grows with every new leader of the name. */
  readonly token: number;
  readonly value: string;
  resign(): Promise<void>;
}

export interface Registry {
  get(key: string): Promise<RegistryRecord | undefined>;
  list(prefix: string): Promise<RegistryRecord[]>;
  /** Durable when it resolves. Returns the new revision. */
  put(key: string, value: string, options?: PutOptions): Promise<number>;
  /** True when the key existed. */
  delete(key: string, options?: { readonly ifRevision?: number }): Promise<boolean>;
  /** Every change below the prefix after the call, in order, each once. Returns the end of it. */
  watch(prefix: string, listener: (event: RegistryEvent) => void): () => void;
  grantLease(ttlMs: number): Promise<Lease>;
  /** Waits until this candidate leads. Losing the lease ends the leadership. */
  campaign(name: string, candidate: string, lease: Lease): Promise<Leadership>;
  leader(name: string): Promise<RegistryRecord | undefined>;
  close(): Promise<void>;
}
