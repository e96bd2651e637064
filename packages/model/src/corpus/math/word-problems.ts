import type { SeededRandom } from '../seeded-random.ts';
import { hundredths } from './notation.ts';
import type { MathProblem } from './problem.ts';

const NAMES = (
  'Ada Ben Carla Daniel Elena Farid Grace Hugo Ines Jonas Kira Liam Mina ' +
  'Noah Olga Pedro Quinn Rosa Samir Tara Uma Victor Wanda Yusuf Zoe'
).split(' ');
const THINGS = (
  'apples pencils stamps marbles books coins shells stickers tickets ' +
  'oranges postcards buttons eggs candles bricks seeds tiles cards'
).split(' ');
const CONTAINERS = ['boxes', 'bags', 'baskets', 'crates', 'shelves', 'jars', 'drawers', 'trays'];
const PLACES = ['the market', 'the library', 'the harbour', 'the school', 'the station', 'the village'];

/** Having, getting and giving away. */
export function gainAndLoss(random: SeededRandom): MathProblem {
  const [first, second] = random.sample(NAMES, 2);
  const thing = random.pick(THINGS);
  const [start, more] = [random.integer(20, 400), random.integer(5, 300)];
  const less = random.integer(1, start + more - 1);
  const total = start + more;
  const question = random.pick([
    `${first} has ${start} ${thing}. ${second} brings ${more} more, and then ${first} gives away ${less}. How many ${thing} does ${first} have now?`,
    `At ${random.pick(PLACES)} ${first} collects ${start} ${thing} in the morning and ${more} in the afternoon, and loses ${less} on the way home. How many ${thing} are left?`,
  ]);
  return {
    question,
    steps: [`${start} + ${more} = ${total}`, `${total} - ${less} = ${total - less}`],
    answer: `${total - less} ${thing}`,
    given: [start, more, less],
  };
}

/** Equal groups with some left over. */
export function equalGroups(random: SeededRandom): MathProblem {
  const name = random.pick(NAMES);
  const [thing, container] = [random.pick(THINGS), random.pick(CONTAINERS)];
  const [groups, each, extra] = [random.integer(3, 30), random.integer(4, 48), random.integer(1, 40)];
  return {
    question: random.pick([
      `${name} fills ${groups} ${container} with ${each} ${thing} each and has ${extra} ${thing} left over. How many ${thing} are there in all?`,
      `There are ${groups} ${container}. Each holds ${each} ${thing}. ${name} finds ${extra} more ${thing}. How many ${thing} are there together?`,
    ]),
    steps: [
      `${groups} * ${each} = ${groups * each}`,
      `${groups * each} + ${extra} = ${groups * each + extra}`,
    ],
    answer: `${groups * each + extra} ${thing}`,
    given: [groups, each, extra],
  };
}

/** Sharing among several people. */
export function sharing(random: SeededRandom): MathProblem {
  const people = random.integer(3, 5);
  const names = random.sample(NAMES, people);
  const thing = random.pick(THINGS);
  const total = random.integer(people * 4, 250);
  const each = Math.floor(total / people);
  return {
    question: `${names.slice(0, -1).join(', ')} and ${names.at(-1)} share ${total} ${thing} equally. How many does each get, and how many are left?`,
    steps: [`there are ${people} people`, `${total} = ${people} * ${each} + ${total % people}`],
    answer: `${each} each, ${total % people} left`,
    given: [total, people],
  };
}

/** Buying several things and getting change. */
export function shopping(random: SeededRandom): MathProblem {
  const name = random.pick(NAMES);
  const [thingA, thingB] = random.sample(THINGS, 2);
  const [countA, countB] = [random.integer(2, 12), random.integer(2, 12)];
  const [priceA, priceB] = [random.integer(2, 90) * 5, random.integer(2, 90) * 5];
  const [costA, costB] = [countA * priceA, countB * priceB];
  const total = costA + costB;
  const paid = Math.ceil((total + 1) / 1000) * 1000;
  return {
    question: `${name} buys ${countA} ${thingA} at ${hundredths(priceA)} dollars each and ${countB} ${thingB} at ${hundredths(priceB)} dollars each, and pays with ${paid / 100} dollars. How much change is due?`,
    steps: [
      `${countA} * ${hundredths(priceA)} = ${hundredths(costA)}`,
      `${countB} * ${hundredths(priceB)} = ${hundredths(costB)}`,
      `${hundredths(costA)} + ${hundredths(costB)} = ${hundredths(total)}`,
      `${paid / 100} - ${hundredths(total)} = ${hundredths(paid - total)}`,
    ],
    answer: `${hundredths(paid - total)} dollars`,
    given: [countA, priceA, countB, priceB, paid],
  };
}

/** Distance, speed and time. */
export function travel(random: SeededRandom): MathProblem {
  const [speed, hours] = [random.integer(4, 40) * 5, random.integer(2, 9)];
  const distance = speed * hours;
  const vehicle = random.pick(['train', 'bus', 'ship', 'cyclist', 'lorry', 'car']);
  switch (random.integer(0, 2)) {
    case 0:
      return {
        question: `A ${vehicle} moves at ${speed} km per hour for ${hours} hours. How far does it go?`,
        steps: ['distance = speed * time', `${speed} * ${hours} = ${distance}`],
        answer: `${distance} km`,
        given: [speed, hours, 0],
      };
    case 1:
      return {
        question: `A ${vehicle} covers ${distance} km in ${hours} hours. What is its speed?`,
        steps: ['speed = distance / time', `${distance} / ${hours} = ${speed}`],
        answer: `${speed} km per hour`,
        given: [distance, hours, 1],
      };
    default:
      return {
        question: `How long does a ${vehicle} need for ${distance} km at ${speed} km per hour?`,
        steps: ['time = distance / speed', `${distance} / ${speed} = ${hours}`],
        answer: `${hours} hours`,
        given: [distance, speed, 2],
      };
  }
}

/** Ages now and later, solved by an equation. */
export function ages(random: SeededRandom): MathProblem {
  const [older, younger] = random.sample(NAMES, 2);
  const [age, factor] = [random.integer(3, 20), random.integer(2, 4)];
  const sum = age + factor * age;
  const times = factor === 2 ? 'twice' : `${factor} times`;
  return {
    question: `${older} is ${times} as old as ${younger}. Together they are ${sum} years old. How old is ${younger}?`,
    steps: [
      `let ${younger} be x years old, then ${older} is ${factor}x`,
      `x + ${factor}x = ${factor + 1}x = ${sum}`,
      `x = ${sum} / ${factor + 1} = ${age}`,
    ],
    answer: `${age} years`,
    given: [factor, sum],
  };
}

/** Two people working together, made to come out whole. */
export function workTogether(random: SeededRandom): MathProblem {
  const [first, second] = random.sample(NAMES, 2);
  const [rateA, rateB, hours] = [random.integer(2, 20), random.integer(2, 20), random.integer(2, 12)];
  const total = (rateA + rateB) * hours;
  const thing = random.pick(THINGS);
  return {
    question: `${first} packs ${rateA} ${thing} an hour and ${second} packs ${rateB}. How many hours do they need together for ${total} ${thing}?`,
    steps: [
      `together: ${rateA} + ${rateB} = ${rateA + rateB} an hour`,
      `${total} / ${rateA + rateB} = ${hours}`,
    ],
    answer: `${hours} hours`,
    given: [rateA, rateB, total],
  };
}

/** Simple interest. */
export function simpleInterest(random: SeededRandom): MathProblem {
  const name = random.pick(NAMES);
  const [capital, rate, years] = [random.integer(2, 50) * 100, random.integer(2, 9), random.integer(2, 8)];
  const yearly = (capital * rate) / 100;
  return {
    question: `${name} puts ${capital} dollars in a bank at ${rate}% simple interest a year. What is the balance after ${years} years?`,
    steps: [
      `interest a year: ${capital} * ${rate} / 100 = ${yearly}`,
      `in ${years} years: ${yearly} * ${years} = ${yearly * years}`,
      `${capital} + ${yearly * years} = ${capital + yearly * years}`,
    ],
    answer: `${capital + yearly * years} dollars`,
    given: [capital, rate, years],
  };
}
