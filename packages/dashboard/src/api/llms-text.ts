import { ENDPOINTS } from './endpoints.ts';
import { API_PREFIX } from './openapi.ts';

/** What a language model, or a person with curl, needs to know to read this server. */
export function llmsText(name: string): string {
  return `# Connito dashboard: run "${name}"

> Connito adapts open Mixture-of-Experts language models by miners who train a few experts each, and validators who pay for
> measured loss reduction only (Proof-of-Loss). This server shows one run, read-only, from its ledger and its store.

Losses are in nats per token. Scores and measurements are integers in nano-nats per token. Shares of pay are in parts per
billion. A round is one pass through distribute, train, commit, reveal, evaluate, merge and publish. A score of zero has a
machine-readable reason.

## Documents

- [Everything current](/dashboard.json)
- [OpenAPI](${API_PREFIX}/openapi.json)
- [Server-sent events](${API_PREFIX}/events)

## API

${ENDPOINTS.map(({ path, summary }) => `- \`GET ${API_PREFIX}${path}\`: ${summary}`).join('\n')}
`;
}
