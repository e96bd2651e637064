import { fileURLToPath } from 'node:url';
import type { Usage } from '@connito/market';
import { type Clock, silentLog, systemClock } from '@connito/node';
import { type Gateway, type StartGatewayOptions, startGateway } from '../start-gateway.ts';

export const TEST_MODEL = fileURLToPath(new URL('../../../../models/foundation', import.meta.url));
export const TEST_PROMPT = 'The state of the Union is';

/** A gateway of the shipped foundation on a free port, without keys. */
export function startTestGateway(
  options: Partial<StartGatewayOptions> = {},
  {
    append = async () => undefined,
    clock = systemClock,
  }: { readonly append?: (usage: Usage) => Promise<unknown>; readonly clock?: Clock } = {},
): Promise<Gateway> {
  return startGateway(
    {
      models: new Map([['foundation', { folder: TEST_MODEL, overlays: [] }]]),
      host: '127.0.0.1',
      port: 0,
      keys: null,
      rateLimit: null,
      maxRunning: 16,
      maxChoices: 64,
      threads: 1,
      ...options,
    },
    { clock, log: silentLog, receipts: { append } },
  );
}
