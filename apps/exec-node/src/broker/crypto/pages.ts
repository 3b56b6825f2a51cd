// Lists that a venue tells in parts. What always holds: each entry once; asked on from the newest
// time that was told, and where nothing new comes from the end of what the venue looked at.

/** Fewer than these are the last ones. */
const pageMin = 50;
/** Some venues look no further than a day from the time that is asked for. */
const windowMs = 24 * 3_600_000;

/** All of a list up to `until` at least, the oldest first; `list` asks for what is of this time
 * (ms) or later. */
export async function allPages<
  Entry extends { readonly id: string; readonly timestamp?: number | undefined },
>(
  since: number,
  until: number,
  list: (from: number) => Promise<readonly Entry[]>,
): Promise<Entry[]> {
  const all = new Map<string, Entry>();
  for (let from = since; ; ) {
    const before = all.size;
    const page = await list(from);
    let newest = from;
    for (const one of page) {
      all.set(one.id, one);
      newest = Math.max(newest, one.timestamp ?? newest);
    }
    const hasMore = page.length >= pageMin && all.size > before;
    if (!hasMore && from + windowMs >= until) return [...all.values()];
    from = hasMore ? newest : Math.max(newest, from + windowMs);
  }
}
