// Immutable objects by name: backups and the cold tier.

export interface ObjectInfo {
  readonly name: string;
  readonly bytes: number;
}

export interface Objects {
  /** All or nothing. With ifAbsent an existing name is ALREADY_EXISTS. Durable when it resolves. */
  put(name: string, content: Uint8Array, options?: { readonly ifAbsent?: boolean }): Promise<void>;
  /** The whole object, or [offset, offset + length). NOT_FOUND when there is none. */
  get(
    name: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array>;
  head(name: string): Promise<ObjectInfo | undefined>;
  /** In name order. */
  list(prefix: string): Promise<ObjectInfo[]>;
  /** True when it existed. */
  delete(name: string): Promise<boolean>;
}
