// Lists that a venue tells in parts. What always holds: each entry once; asked on from the newest
// time that was told, until nothing new comes.

/** Fewer than these are the last ones. */
const pageMin = 50;

/** All of a list, the oldest first; `list` asks for what is of this time (ms) or later. */
export async function allPages<
  Entry extends { readonly id: string; readonly timestamp?: number | undefined },
>(since: number, list: (from: number) => Promise<readonly Entry[]>): Promise<Entry[]> {
  const all = new Map<string, Entry>();
  for (let from = since; ; ) {
    const before = all.size;
    const page = await list(from);
    for (const one of page) {
      all.set(one.id, one);
      from = Math.max(from, one.timestamp ?? from);
    }
    if (page.length < pageMin || all.size === before) return [...all.values()];
  }
}
