import { alie, innerProduct, type Poison } from '../miners/poison.ts';
import { miner } from '../miners/submitting.ts';
import { colluding } from '../miners/training.ts';
import { withNoise } from '../miners/update.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Cast, type Scenario, USUAL } from '../scenario.ts';

/** Noise of the update's size, so that colluders who send one vector are not taken for copies of each other. */
function disguised(poison: Poison): Poison {
  return (input) => withNoise(poison(input), 1, input.random);
}

function colluders(name: string, size: number, poison: Poison): () => Cast {
  return () => ({
    miners: colluding(name, size, poison).map((strategy) => ({ as: name, behaviour: miner(strategy) })),
  });
}

function ofTen(name: string, hostile: number, poison: Poison, attack: string): Scenario {
  return {
    ...{ ...USUAL, name: `${name}-${10 * hostile}`, family: 'integrity', attack, rounds: 4 },
    honestMiners: 10 - hostile,
    cast: colluders(name, hostile, poison),
    must: [honestEarn, allCanonical],
  };
}

const LITTLE =
  'send their mean moved by a standard deviation in each value, disguised by noise (a little is enough).';
const INNER = 'send the negative of half their mean, disguised by noise (inner-product manipulation).';

export const collusions: readonly Scenario[] = [
  ofTen('alie', 2, disguised(alie(1)), `Two of ten ${LITTLE}`),
  ofTen('alie', 3, disguised(alie(1)), `Three of ten ${LITTLE}`),
  ofTen('alie', 4, disguised(alie(1)), `Four of ten ${LITTLE}`),
  ofTen('inner-product', 3, disguised(innerProduct()), `Three of ten ${INNER}`),
];
