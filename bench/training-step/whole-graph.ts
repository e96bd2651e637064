import {
  type AdamWOptions,
  add,
  type Backend,
  concat,
  constant,
  div,
  floats,
  gatherRows,
  gradients,
  graphOf,
  input,
  mul,
  reduceMean,
  scalar,
  split,
  sqrt,
  sub,
  type Tensor,
  tensor,
  type Value,
} from '@connito/engine';
import { type Dump, EMBEDDING, layerPrefix } from './dump.ts';
import { HEAD_ROWS, sharedConstants, traceHead, traceLayer } from './trace.ts';
import { TrainedTensors, type Trainer, trainedNames } from './trainer.ts';

type TracedStep = {
  readonly loss: Value;
  readonly parameters: ReadonlyMap<string, Value>;
  readonly gradients: ReadonlyMap<string, Value>;
};

/** The whole model: frozen weights are constants of the graph, trained ones its inputs. */
function traceStep({ shape, weights }: Dump): TracedStep {
  const rows = shape.batch * shape.positions;
  const parameters = new Map(
    weights
      .entries()
      .filter(([name]) => shape.trainedExperts.some((expert) => name.includes(`.experts.${expert}.`)))
      .map(([name, value]) => [name, input(name, 'f32', value.shape)]),
  );
  const constants = new Map<string, Value>();
  const weightOf = (name: string): Value => {
    const known = parameters.get(name) ?? constants.get(name);
    if (known !== undefined) return known;
    const made = constant(weights.get(name)!);
    constants.set(name, made);
    return made;
  };
  const shared = sharedConstants(shape);
  let x = gatherRows(weightOf(EMBEDDING), input('tokens', 'i32', [rows]));
  for (let layer = 0; layer < shape.layers; layer++) {
    x = traceLayer(shape, shared, x, (name) => weightOf(layerPrefix(layer) + name));
  }
  // In chunks, whose logits stay in the cache.
  const sizes = new Array<number>(rows / HEAD_ROWS).fill(HEAD_ROWS);
  const targets = split(input('targets', 'i32', [rows]), 0, sizes);
  const heads = split(x, 0, sizes).map((chunk, i) =>
    traceHead(shape, chunk, weightOf(EMBEDDING), targets[i]!, rows),
  );
  const losses = concat(
    heads.map((head) => head.losses),
    0,
  );
  const dx = concat(
    heads.map((head) => head.dx),
    0,
  );
  const results = gradients([{ output: x, gradient: dx }], [...parameters.values()]);
  return {
    loss: reduceMean(losses, { axis: 0 }),
    parameters,
    gradients: new Map([...parameters.keys()].map((name, i) => [name, results[i]!])),
  };
}

/** Gradients come out of the graph and the engine's AdamW steps the parameters in JavaScript. */
export async function wholeGraph(dump: Dump, backend: Backend): Promise<Trainer> {
  const traced = traceStep(dump);
  const outputs = new Map([['loss', traced.loss]]);
  for (const [name, gradient] of traced.gradients) outputs.set(`d ${name}`, gradient);
  const executable = await backend.compile(graphOf(outputs));
  const trained = new TrainedTensors(dump);
  const feeds = { ...Object.fromEntries(trained.values), tokens: dump.inputs, targets: dump.targets };
  const into = Object.fromEntries([...trained.gradients].map(([name, value]) => [`d ${name}`, value]));
  return {
    async step() {
      const { loss } = await executable.run(feeds, into);
      trained.update();
      return floats(loss!)[0]!;
    },
  };
}

type AdamWScalars = { readonly rate: Value; readonly epsilon: Value };

/**
 * AdamW with both moments divided by their `1 - beta`, which spares a product each; the factors that change with the step
 * are in the two scalars, see `adamWScalars`.
 */
function traceAdamW(
  options: AdamWOptions,
  scalars: AdamWScalars,
  parameter: Value,
  gradient: Value,
  moments: readonly [Value, Value],
): readonly [Value, Value, Value] {
  const { beta1, beta2, learningRate, weightDecay } = options;
  const m = add(mul(moments[0], scalar(beta1)), gradient);
  const v = add(mul(moments[1], scalar(beta2)), mul(gradient, gradient));
  const change = mul(div(m, add(sqrt(v), scalars.epsilon)), scalars.rate);
  return [sub(mul(parameter, scalar(1 - learningRate * weightDecay)), change), m, v];
}

/** With `m` and `v` divided by `1 - beta`: θ ← decay · θ − rate · m / (√v + epsilon). */
function adamWScalars({ beta1, beta2, learningRate, epsilon }: AdamWOptions, step: number) {
  const root = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  const rate = (learningRate * (1 - beta1)) / (1 - beta1 ** step) / root;
  const scalarTensor = (value: number): Tensor => tensor(Float32Array.of(value), []);
  return { rate: scalarTensor(rate), epsilon: scalarTensor(epsilon / root) };
}

/** AdamW is part of the graph: parameters and moments go in and out, in two sets of tensors that take turns. */
export async function wholeGraphWithOptimizer(dump: Dump, backend: Backend): Promise<Trainer> {
  const traced = traceStep(dump);
  const scalars = { rate: input('rate', 'f32', []), epsilon: input('epsilon', 'f32', []) };
  const outputs = new Map([['loss', traced.loss]]);
  for (const [name, parameter] of traced.parameters) {
    const moments = [
      input(`m ${name}`, 'f32', parameter.shape),
      input(`v ${name}`, 'f32', parameter.shape),
    ] as const;
    const [next, m, v] = traceAdamW(dump.adamw, scalars, parameter, traced.gradients.get(name)!, moments);
    outputs.set(`next ${name}`, next).set(`next m ${name}`, m).set(`next v ${name}`, v);
  }
  const executable = await backend.compile(graphOf(outputs));

  const stateOf = (): Map<string, Tensor> =>
    new Map(
      trainedNames(dump).flatMap((name) => {
        const initial = dump.weights.get(name)!;
        const zeros = () => tensor(new Float32Array(initial.data.length), initial.shape);
        const copy = tensor(floats(initial).slice(), initial.shape);
        return [[name, copy] as const, [`m ${name}`, zeros()] as const, [`v ${name}`, zeros()] as const];
      }),
    );
  let [current, other] = [stateOf(), stateOf()];
  let steps = 0;
  return {
    async step() {
      steps += 1;
      const feeds = {
        ...Object.fromEntries(current),
        ...adamWScalars(dump.adamw, steps),
        tokens: dump.inputs,
        targets: dump.targets,
      };
      const into = Object.fromEntries([...other].map(([name, value]) => [`next ${name}`, value]));
      const { loss } = await executable.run(feeds, into);
      [current, other] = [other, current];
      return floats(loss!)[0]!;
    },
  };
}
