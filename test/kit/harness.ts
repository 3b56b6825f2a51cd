// A harness made for one test and closed after it, whatever the test does.

export type Within<Harness> = (body: (harness: Harness) => Promise<void>) => Promise<void>;

export function within<Harness extends { close(): Promise<void> }>(
  makeHarness: () => Promise<Harness>,
): Within<Harness> {
  return async (body) => {
    const harness = await makeHarness();
    try {
      await body(harness);
    } finally {
      await harness.close();
    }
  };
}
