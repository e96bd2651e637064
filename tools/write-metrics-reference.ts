/** Writes docs/run/metrics.md from the roles' own declarations. */
import { writeFileSync } from 'node:fs';
import { metricsReference } from '../packages/cli/src/metrics/metrics-reference.ts';

writeFileSync('docs/run/metrics.md', metricsReference());
