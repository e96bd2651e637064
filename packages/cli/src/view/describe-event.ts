import type { NetworkEvent } from '../observe/network-event.ts';
import { formatLoss, formatMilliNats, formatSeconds, shortHash } from './text.ts';

/** An event as one line for people, or null where it is not worth one. */
export function describeEvent(event: NetworkEvent): string | null {
  switch (event.type) {
    case 'progress':
      return event.text;
    case 'started': {
      const what = `${event.validators.length} validators and ${event.miners.length} miners`;
      return `${event.isFirstStart ? 'Started' : 'Went on with'} run "${event.name}": ${what}`;
    }
    case 'process':
      return describeProcess(event);
    case 'phase': {
      if (!event.entered) return null;
      if (event.round === null) return 'Waiting for all nodes to register';
      return `Round ${event.round}: ${event.step ?? event.phase}`;
    }
    case 'round': {
      if (event.outcome === 'void') return `Round ${event.round} is void: no state found a majority of stake`;
      const losses = event.groups
        .map((group) => `${group.domain} ${formatLoss(group.lossBefore)} → ${formatLoss(group.lossAfter)}`)
        .join(', ');
      const gaps = event.groups
        .map(({ domain, subModelGap: { gap } }) => `${domain} ${formatMilliNats(gap, { sign: true })}`)
        .join(', ');
      const state = `${event.agreed ? 'all agree on' : 'a majority agrees on'} ${shortHash(event.stateHash)}`;
      return `Round ${event.round} merged, ${state}: ${losses}; sub-model gap ${gaps} millinats`;
    }
    case 'warning':
      return `Warning: ${event.text}`;
    case 'history':
      return event.rounds.length === 0 ? null : `${event.rounds.length} rounds were finished before`;
    case 'summary':
      return null;
  }
}

function describeProcess(event: Extract<NetworkEvent, { type: 'process' }>): string | null {
  const why = event.why === null ? '' : ` (${event.why.split('\n')[0]})`;
  switch (event.event) {
    case 'started':
    case 'stopped':
      return null;
    case 'crashed': {
      const ended =
        typeof event.exit === 'number' ? `ended with code ${event.exit}` : `was ended by ${event.exit}`;
      return `${event.name} ${ended}${why}; starting it again in ${formatSeconds((event.restartInMs ?? 0) / 1000)}`;
    }
    case 'gave_up':
      return `${event.name} FAILED for good${why}; its log says more`;
  }
}
