// The seed of a random test: from NDTS_TEST_SEED when it is set, else a new one. It is printed, so
// that a failure can be seen again.

interface Diagnostic {
  diagnostic(message: string): void;
}

export function testSeed(test: Diagnostic): number {
  const given = process.env['NDTS_TEST_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`NDTS_TEST_SEED: expected an integer: ${given}`);
  test.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  return seed;
}
