// As much of the `pg` client's interface as the tests use.

declare module 'pg' {
  export interface ClientConfig {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
    readonly max?: number;
  }

  export interface QueryResult<Row> {
    readonly rows: Row[];
    readonly command: string;
    readonly rowCount: number | null;
  }

  export interface QueryConfig {
    readonly name?: string;
    readonly text: string;
    readonly values?: readonly unknown[];
  }

  export class Client {
    constructor(config: ClientConfig);
    connect(): Promise<void>;
    query<Row>(query: string | QueryConfig, values?: readonly unknown[]): Promise<QueryResult<Row>>;
    end(): Promise<void>;
    release(): void;
  }

  export class Pool {
    constructor(config: ClientConfig);
    connect(): Promise<Client>;
    query<Row>(query: string | QueryConfig, values?: readonly unknown[]): Promise<QueryResult<Row>>;
    end(): Promise<void>;
  }
}
