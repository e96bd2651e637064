import type { RunAnswer } from '../api/schemas.ts';
import type { ViewSource } from './source.ts';

export function runView({ context }: ViewSource): RunAnswer {
  const { definition, run } = context;
  return {
    protocol: definition.protocol,
    run,
    name: definition.name,
    definition,
    command: {
      verify: 'connito verify --round {round}',
      explain: 'connito explain {uid} --round {round}',
    },
  };
}
