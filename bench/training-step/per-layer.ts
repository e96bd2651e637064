import {
  type Backend,
  type Executable,
  floats,
  gradients,
  graphOf,
  input,
  type Tensor,
  tensor,
  type Value,
  valuesToKeep,
  zerosTensor,
} from '@connito/engine';
import { type Dump, EMBEDDING, expertNames, layerNames, layerPrefix, type StepShape } from './dump.ts';
import { HEAD_ROWS, sharedConstants, traceHead, traceLayer } from './trace.ts';
import { TrainedTensors, type Trainer } from './trainer.ts';

type Rematerialization = 'keep' | 'recompute';

type LayerGraphs = {
  readonly forward: Executable;
  readonly backward: Executable;
  readonly kept: readonly string[];
};

async function compileLayer(
  { shape, weights }: Dump,
  backend: Backend,
  inputGradient: boolean,
  rematerialization: Rematerialization,
): Promise<LayerGraphs> {
  const parameters = new Map(
    layerNames(shape).map((name) => [name, input(name, 'f32', weights.get(layerPrefix(0) + name)!.shape)]),
  );
  const x = input('x', 'f32', [shape.batch * shape.positions, shape.width]);
  const y = traceLayer(shape, sharedConstants(shape), x, (name) => parameters.get(name)!);
  const forwardOutputs = new Map([['y', y]]);
  const forwardNodes = new Set(graphOf(forwardOutputs).nodes);

  const trained = expertNames(shape.trainedExperts);
  const wrt = trained.map((name) => parameters.get(name)!);
  if (inputGradient) wrt.push(x);
  const results = gradients([{ output: y, gradient: input('dy', 'f32', y.shape) }], wrt);
  const backwardOutputs = new Map<string, Value>();
  wrt.forEach((_, i) => {
    backwardOutputs.set(i < trained.length ? `d ${trained[i]}` : 'dx', results[i]!);
  });

  const cuts = new Map<string, Value>();
  if (rematerialization === 'keep') {
    const kept = valuesToKeep(results, (value) => forwardNodes.has(value.node), new Set([x]));
    kept.forEach((value, i) => {
      cuts.set(`kept ${i}`, value);
      forwardOutputs.set(`kept ${i}`, value);
    });
  }
  return {
    forward: await backend.compile(graphOf(forwardOutputs)),
    backward: await backend.compile(graphOf(backwardOutputs, cuts)),
    kept: [...cuts.keys()],
  };
}

async function compileHead(shape: StepShape, backend: Backend): Promise<Executable> {
  const x = input('x', 'f32', [HEAD_ROWS, shape.width]);
  const embedding = input('embedding', 'f32', [shape.vocabulary, shape.width]);
  const targets = input('targets', 'i32', [HEAD_ROWS]);
  const { losses, dx } = traceHead(shape, x, embedding, targets, shape.batch * shape.positions);
  return backend.compile(
    graphOf(
      new Map([
        ['losses', losses],
        ['dx', dx],
      ]),
    ),
  );
}

/** The training shape of the network: a graph per layer with parameters as inputs, and a loop over the layers here. */
export async function perLayer(
  dump: Dump,
  backend: Backend,
  rematerialization: Rematerialization,
): Promise<Trainer> {
  const { shape } = dump;
  const rows = shape.batch * shape.positions;
  const lowest = await compileLayer(dump, backend, false, rematerialization);
  const upper = await compileLayer(dump, backend, true, rematerialization);
  const head = await compileHead(shape, backend);
  const trained = new TrainedTensors(dump);
  const embedding = dump.weights.get(EMBEDDING)!;
  const layers = Array.from({ length: shape.layers }, (_, layer) => {
    const full = (name: string) => layerPrefix(layer) + name;
    const feeds = layerNames(shape).map((name) => [
      name,
      trained.values.get(full(name)) ?? dump.weights.get(full(name))!,
    ]);
    const into = expertNames(shape.trainedExperts).map((name) => [
      `d ${name}`,
      trained.gradients.get(full(name))!,
    ]);
    return {
      graphs: layer === 0 ? lowest : upper,
      feeds: Object.fromEntries(feeds) as Record<string, Tensor>,
      into: Object.fromEntries(into) as Record<string, Tensor>,
    };
  });

  const headLossAndGradient = async (x: Tensor): Promise<{ loss: number; dx: Tensor }> => {
    const dx = zerosTensor([rows, shape.width]);
    const part = (whole: Tensor, start: number): Tensor => {
      const data = floats(whole).subarray(start * shape.width, (start + HEAD_ROWS) * shape.width);
      return tensor(data, [HEAD_ROWS, shape.width]);
    };
    let total = 0;
    for (let start = 0; start < rows; start += HEAD_ROWS) {
      const targets = tensor((dump.targets.data as Int32Array).subarray(start, start + HEAD_ROWS), [
        HEAD_ROWS,
      ]);
      const { losses } = await head.run({ x: part(x, start), embedding, targets }, { dx: part(dx, start) });
      for (const loss of floats(losses!)) total += loss;
    }
    return { loss: total / rows, dx };
  };

  return {
    async step() {
      let x = embed(embedding, dump.inputs, shape.width);
      const saved: Record<string, Tensor>[] = [];
      for (const { graphs, feeds } of layers) {
        const results = await graphs.forward.run({ ...feeds, x });
        saved.push({ x, ...Object.fromEntries(graphs.kept.map((name) => [name, results[name]!])) });
        x = results.y!;
      }
      const { loss, dx } = await headLossAndGradient(x);
      let dy = dx;
      for (const { graphs, feeds, into } of [...layers].reverse()) {
        const results = await graphs.backward.run({ ...feeds, ...saved.pop()!, dy }, into);
        dy = results.dx ?? dy;
      }
      trained.update();
      return loss;
    },
  };
}

function embed(table: Tensor, tokens: Tensor, width: number): Tensor {
  const x = zerosTensor([tokens.data.length, width]);
  (tokens.data as Int32Array).forEach((token, i) => {
    floats(x).set(floats(table).subarray(token * width, (token + 1) * width), i * width);
  });
  return x;
}
