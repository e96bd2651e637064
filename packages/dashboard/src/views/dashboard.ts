import type { DashboardAnswer } from '../api/schemas/dashboard.ts';
import type { LiveSource } from './health.ts';
import { learningView } from './learning.ts';
import { minersView } from './miners.ts';
import { nowView } from './now.ts';
import { provenanceView } from './rounds.ts';
import { runView } from './run.ts';
import { securityView } from './security.ts';
import { validatorsView } from './validators.ts';

const ROUNDS = 100;
const MAX_MINERS = 500;

/** Everything current in one document, for machines. */
export function dashboardView(source: LiveSource): DashboardAnswer {
  const { definition: _, command: __, pages: ___, ...run } = runView(source);
  return {
    format: 'connito-dashboard/1',
    run,
    now: nowView(source),
    learning: learningView(source, { points: ROUNDS }),
    miners: minersView(source, { offset: 0, limit: MAX_MINERS, sort: 'rank' }),
    validators: validatorsView(source, ROUNDS),
    provenance: provenanceView(source),
    security: securityView(source, { rounds: ROUNDS, limit: ROUNDS }),
  };
}
