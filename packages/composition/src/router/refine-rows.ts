import { adamWState, adamWStep, type Backend, floats, globalNorm, tensor } from '@connito/engine';
import { type Checkpoint, GradientPass, inputsAndTargets, LAYER, layerPrefix } from '@connito/model';

export type RefineOptions = {
  readonly sequences: number;
  readonly tokens: number;
  readonly learningRate: number;
};

/**
 * Gradient descent on the rows of added experts alone, from where they are: the loss of the whole model on batches
 * `[sequences, tokens + 1]`, which should mix all domains and general text. The base's rows and all experts stay as they are, bit
 * for bit. Unlike rows in closed form, refined rows depend on each other: adding a specialist later means refining again.
 */
export async function refineRows(
  backend: Backend,
  model: Checkpoint,
  nativeRows: number,
  batches: Iterable<Int32Array>,
  { sequences, tokens, learningRate }: RefineOptions,
  onStep: (step: number, loss: number) => void = () => undefined,
): Promise<Checkpoint> {
  const { config } = model;
  const names = Array.from({ length: config.layers }, (_, layer) => layerPrefix(layer) + LAYER.router);
  const parameters = new Map(model.parameters);
  for (const name of names) {
    const { shape } = model.parameters.get(name)!;
    parameters.set(name, tensor(floats(model.parameters.get(name)!).slice(), shape));
  }
  const pass = await GradientPass.create(backend, config, {
    shape: { sequences, tokens },
    trained: new Set(names),
    rematerialization: 'keep',
    balanceWeight: 0,
  });
  const moments = names.map((name) => adamWState(parameters.get(name)!.data.length));
  const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, learningRate };
  let step = 0;
  for (const batch of batches) {
    const { inputs, targets } = inputsAndTargets(batch, sequences, tokens);
    const { loss } = await pass.run(parameters, inputs, targets);
    step += 1;
    const gradients = names.map((name) => floats(pass.gradients.get(name)!));
    // A gradient of exactly zero leaves a parameter as it is, moments and all.
    for (const gradient of gradients) gradient.fill(0, 0, nativeRows * config.hiddenSize);
    const norm = globalNorm(gradients);
    const scale = norm > 1 ? 1 / norm : 1;
    for (const [i, name] of names.entries()) {
      adamWStep(floats(parameters.get(name)!), gradients[i]!, moments[i]!, step, adamW, scale);
    }
    onStep(step, loss);
  }
  await pass.dispose();
  return { config, parameters };
}
