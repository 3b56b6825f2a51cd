// Lists that a venue tells in parts. What always holds: each entry once; asked on from the newest
// time that was told, and where nothing new comes from the end of what the venue looked at; where
// the newest are told first, what is before them is asked for until nothing new comes.

/** Fewer than these are the last ones. */
const pageMin = 50;
/** Some venues look no further than a day from the time that is asked for. */
const windowMs = 24 * 3_600_000;

interface Entry {
  readonly id: string;
  readonly timestamp?: number | undefined;
  /** Of a trade; both sides of one with oneself have one id. */
  readonly order?: string | undefined;
  readonly side?: string | undefined;
}

/** `from` (ms) or later; `to`: or earlier. */
export type List<One> = (from: number, to?: number) => Promise<readonly One[]>;

/** All of a list up to `until` at least, in no order. */
export async function allPages<One extends Entry>(
  since: number,
  until: number,
  list: List<One>,
): Promise<One[]> {
  const all = new Map<string, One>();
  for (let from = since; ; ) {
    const before = all.size;
    const page = await list(from);
    take(all, page);
    const hasMore = page.length >= pageMin && all.size > before;
    if (hasMore) await takeEarlier(all, page, from, list);
    if (!hasMore && from + windowMs >= until) return [...all.values()];
    const newest = page.reduce((last, { timestamp = 0 }) => Math.max(last, timestamp), from);
    from = hasMore ? newest : Math.max(newest, from + windowMs);
  }
}

/** What lies between the time that was asked for and the page. */
async function takeEarlier<One extends Entry>(
  all: Map<string, One>,
  page: readonly One[],
  from: number,
  list: List<One>,
): Promise<void> {
  for (let rest = page; rest.length >= pageMin; ) {
    const to = rest.reduce(
      (first, { timestamp = first }) => Math.min(first, timestamp),
      Number.MAX_SAFE_INTEGER,
    );
    const before = all.size;
    if (to <= from) return;
    rest = await list(from, to);
    take(all, rest);
    if (all.size === before) return;
  }
}

function take<One extends Entry>(all: Map<string, One>, page: readonly One[]): void {
  for (const one of page) all.set(`${one.id} ${one.order ?? ''} ${one.side ?? ''}`, one);
}
