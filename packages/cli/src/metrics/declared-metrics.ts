import { GATEWAY_METRICS } from '@connito/gateway';
import { LEDGER_METRICS } from '@connito/ledger';
import { MINER_METRICS } from '@connito/miner';
import {
  HTTP_CLIENT_METRICS,
  HTTP_SERVER_METRICS,
  type MetricDeclaration,
  type MetricDeclarations,
  PROCESS_METRICS,
} from '@connito/node';
import { RUN_METRICS } from '@connito/run';
import { STORE_METRICS } from '@connito/store';
import { VALIDATOR_METRICS } from '@connito/validator';
import { OBSERVER_METRICS } from '../observe/observer-metrics.ts';

/** All metrics of all roles, in the order of the reference page. */
export const DECLARED_METRICS: readonly {
  readonly title: string;
  readonly servedBy: string;
  readonly metrics: MetricDeclarations;
}[] = [
  { title: 'Miner', servedBy: 'miners', metrics: MINER_METRICS },
  { title: 'Validator', servedBy: 'validators', metrics: VALIDATOR_METRICS },
  { title: 'Rounds', servedBy: 'miners and validators', metrics: RUN_METRICS },
  { title: 'Peers', servedBy: 'miners and validators', metrics: HTTP_CLIENT_METRICS },
  { title: 'Ledger', servedBy: 'the ledger', metrics: LEDGER_METRICS },
  { title: 'Store', servedBy: 'the store', metrics: STORE_METRICS },
  { title: 'Requests', servedBy: 'the ledger and the store', metrics: HTTP_SERVER_METRICS },
  { title: 'Observer', servedBy: '`connito up` itself, as `observer`', metrics: OBSERVER_METRICS },
  { title: 'Serving', servedBy: '`connito serve`', metrics: GATEWAY_METRICS },
  { title: 'Process', servedBy: 'every process', metrics: PROCESS_METRICS },
];

export function declaredMetrics(): MetricDeclaration[] {
  return DECLARED_METRICS.flatMap(({ metrics }) => Object.values(metrics));
}
