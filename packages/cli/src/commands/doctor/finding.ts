/** What a check came to. `warn`: it works, but not well. Whatever is not ok comes with a remedy. */
export type Finding =
  | { readonly status: 'ok'; readonly found: string }
  | { readonly status: 'warn' | 'fail'; readonly found: string; readonly remedy: string };

export type Check = { readonly name: string; readonly examine: () => Finding | Promise<Finding> };

export type CheckedFinding = { readonly name: string } & Finding;

/** Runs all checks in order. One that throws has failed, and its message is its finding. */
export async function examineAll(checks: readonly Check[]): Promise<readonly CheckedFinding[]> {
  const findings: CheckedFinding[] = [];
  for (const { name, examine } of checks) {
    try {
      findings.push({ name, ...(await examine()) });
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      const remedy = 'The message says what to change.';
      findings.push({ name, status: 'fail', found, remedy });
    }
  }
  return findings;
}
