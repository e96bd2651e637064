import type { ComponentChildren } from 'preact';
import { ExpertsView } from './views/experts.tsx';
import { LearningView } from './views/learning.tsx';
import { MarketView } from './views/market.tsx';
import { MinerView } from './views/miner.tsx';
import { MinersView } from './views/miners.tsx';
import { NowView } from './views/now.tsx';
import { RoundView } from './views/round.tsx';
import { RoundsView } from './views/rounds.tsx';
import { SecurityView } from './views/security.tsx';
import { ServingView } from './views/serving.tsx';
import { ValidatorsView } from './views/validators.tsx';

export type Page = {
  /** First part of the address. */
  readonly id: string;
  readonly title: string;
  /** Offered only where the dashboard was given this to show. */
  readonly needs?: 'market' | 'serving';
  /** `rest`: the parts of the address after the id. */
  readonly view: (rest: readonly string[]) => ComponentChildren;
};

/** The pages in the order of the navigation. A further one is a row here and a file in `views/`. */
export const PAGES: readonly Page[] = [
  { id: 'now', title: 'Now', view: () => <NowView /> },
  { id: 'learning', title: 'Learning', view: () => <LearningView /> },
  {
    id: 'miners',
    title: 'Miners',
    view: ([hotkey]) => (hotkey === undefined ? <MinersView /> : <MinerView key={hotkey} hotkey={hotkey} />),
  },
  { id: 'validators', title: 'Validators', view: () => <ValidatorsView /> },
  { id: 'experts', title: 'Experts', view: () => <ExpertsView /> },
  {
    id: 'rounds',
    title: 'Rounds',
    view: ([round]) =>
      /^\d{1,10}$/.test(round ?? '') ? <RoundView key={round} round={Number(round)} /> : <RoundsView />,
  },
  { id: 'security', title: 'Security', view: () => <SecurityView /> },
  { id: 'market', title: 'Market', needs: 'market', view: () => <MarketView /> },
  { id: 'serving', title: 'Serving', needs: 'serving', view: () => <ServingView /> },
];
