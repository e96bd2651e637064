import type { RunAnswer } from '../api/schemas/run.ts';
import type { LiveSource } from './health.ts';

export function runView({ context, market, serving }: LiveSource): RunAnswer {
  const { definition, run } = context;
  return {
    protocol: definition.protocol,
    run,
    name: definition.name,
    definition,
    pages: { market: market !== null, serving: serving !== null },
    command: {
      verify: 'connito verify --round {round}',
      explain: 'connito explain {uid} --round {round}',
    },
  };
}
