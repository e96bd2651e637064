import { checkOf, explainReason, REASON_CODES } from '@connito/protocol';
import type { ReasonsAnswer } from '../api/schemas/reasons.ts';

export function reasonsView(): ReasonsAnswer {
  return {
    reasons: REASON_CODES.map((reason) => ({ reason, ...explainReason(reason), check: checkOf(reason) })),
  };
}
