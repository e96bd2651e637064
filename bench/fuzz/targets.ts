import { queryFuzzTarget } from '../../packages/dashboard/src/testing/query-fuzz-target.ts';
import { gatewayFuzzTargets } from '../../packages/gateway/src/testing/gateway-fuzz-targets.ts';
import { extractFuzzTarget } from '../../packages/ledger/src/testing/extract-fuzz-target.ts';
import { marketFuzzTargets } from '../../packages/market/src/testing/market-fuzz-targets.ts';
import { safetensorsFuzzTarget } from '../../packages/model/src/testing/safetensors-fuzz-target.ts';
import {
  codecFuzzTargets,
  documentFuzzTargets,
} from '../../packages/protocol/src/testing/document-fuzz-targets.ts';
import type { FuzzTarget } from '../../packages/protocol/src/testing/fuzz-input.ts';
import { archiveFuzzTargets } from '../../packages/replay/src/testing/archive-fuzz-targets.ts';

export function fuzzTargets(): FuzzTarget[] {
  return [
    ...codecFuzzTargets(),
    ...documentFuzzTargets(),
    extractFuzzTarget(),
    safetensorsFuzzTarget,
    ...archiveFuzzTargets,
    ...marketFuzzTargets,
    ...gatewayFuzzTargets,
    queryFuzzTarget,
  ];
}

/** Parts of all inputs, in thousandths. Large documents take a hundred times as long as a note, and get the fewer. */
export const SHARES: Readonly<Record<string, number>> = {
  bundle: 60,
  'changed bundle': 40,
  'canonical JSON': 330,
  note: 420,
  'reveal and manifest': 8,
  report: 6,
  'merge report': 14,
  'state document': 4,
  'run definition': 4,
  'ledger extract': 5,
  safetensors: 60,
  archive: 35,
  'archive index': 14,
  'package manifest': 3,
  'package index': 6,
  receipt: 30,
  'chat request': 30,
  'completion request': 30,
  'API keys': 20,
  'dashboard query': 20,
};
