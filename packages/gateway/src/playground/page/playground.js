// Asks the server this page came from, with a trace, and paints which experts chose each token.

const element = (id) => document.getElementById(id);
const view = {
  models: new Map(),
  /** `{ text, experts }` of each token, experts `[layer][rank]` of `{ expert, gate }`. */
  tokens: [],
  /** Number of the token looked at; null for all. */
  looked: null,
  /** `layer:expert` of what must not answer. */
  denied: new Set(),
  stop: null,
};

const headers = () => {
  const key = element('key').value.trim();
  return { 'Content-Type': 'application/json', ...(key === '' ? {} : { Authorization: `Bearer ${key}` }) };
};

async function failure(response) {
  const body = await response.json().catch(() => null);
  return new Error(body?.error?.message ?? `The server answered ${response.status}.`);
}

async function loadModels() {
  const response = await fetch('/v1/models', { headers: headers() });
  if (!response.ok) throw await failure(response);
  const { data } = await response.json();
  view.models = new Map(data.map((model) => [model.id, model.connito]));
  element('model').replaceChildren(...data.map(({ id }) => new Option(id, id)));
  showModel();
}

const model = () => view.models.get(element('model').value);

function showModel() {
  const current = model();
  if (current === undefined) return;
  const { engine, version, context, routing, packages } = current;
  const shape =
    routing === null ? 'routing not visible' : `${routing.layers} layers of ${routing.experts} experts`;
  const composed = packages.length === 0 ? '' : `, composed of ${packages.join(', ')}`;
  element('about').textContent =
    `${engine} engine, ${shape}, context ${context}, version ${version}${composed}`;
  view.denied.clear();
  paintExperts();
}

function question() {
  const deny = {};
  for (const cell of view.denied) {
    const [layer, expert] = cell.split(':');
    deny[layer] = [...(deny[layer] ?? []), Number(expert)];
  }
  const shared = {
    model: element('model').value,
    stream: true,
    max_tokens: Number(element('tokens').value),
    temperature: Number(element('temperature').value),
    seed: Number(element('seed').value),
    ...(model()?.routing === null ? {} : { connito: { trace: true, experts: { deny } } }),
  };
  const prompt = element('prompt').value;
  return element('mode').value === 'chat'
    ? { path: '/v1/chat/completions', body: { ...shared, messages: [{ role: 'user', content: prompt }] } }
    : { path: '/v1/completions', body: { ...shared, prompt } };
}

/** The JSON of each server-sent event. */
async function* events(response) {
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const data = part.replace(/^data: /, '');
      if (data !== '[DONE]') yield JSON.parse(data);
    }
  }
}

async function write() {
  const { path, body } = question();
  view.tokens = [];
  view.looked = null;
  view.stop = new AbortController();
  element('answer').replaceChildren();
  element('failure').textContent = '';
  element('packages').hidden = true;
  setBusy(true);
  const started = performance.now();
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify(body),
      signal: view.stop.signal,
    });
    if (!response.ok) throw await failure(response);
    for await (const chunk of events(response)) {
      if (chunk.error !== undefined) throw new Error(chunk.error.message);
      add(chunk);
      const seconds = (performance.now() - started) / 1000;
      element('status').textContent =
        `${view.tokens.length} tokens, ${(view.tokens.length / seconds).toFixed(0)} a second`;
    }
  } catch (error) {
    if (error.name !== 'AbortError') element('failure').textContent = error.message;
  } finally {
    setBusy(false);
  }
}

function add(chunk) {
  const [choice] = chunk.choices;
  if (choice === undefined) return;
  const text = choice.text ?? choice.delta?.content ?? '';
  const traced = chunk.connito?.tokens ?? [];
  // A piece is one token, or several that made one character or were held back: shown together, explained by the last.
  if (text !== '') {
    const number = view.tokens.length;
    view.tokens.push({ text, experts: traced.at(-1)?.experts ?? null });
    const token = span('token', text);
    token.setAttribute('role', 'option');
    token.addEventListener('pointerenter', () => look(number));
    token.addEventListener('pointerleave', () => look(null));
    element('answer').append(token);
  }
  const packages = chunk.connito?.experts?.packages;
  if (packages !== undefined) paintPackages(packages);
  if (view.looked === null) paintExperts();
}

function look(number) {
  view.looked = number;
  document.querySelectorAll('#answer .token').forEach((token, i) => {
    token.classList.toggle('chosen', i === number);
  });
  paintExperts();
}

/** Shares of each expert: of the token looked at, or the mean of all. */
function shares({ layers, experts }) {
  const tokens = view.looked === null ? view.tokens : [view.tokens[view.looked]];
  const seen = tokens.filter((token) => token?.experts);
  const sums = Array.from({ length: layers }, () => new Array(experts).fill(0));
  for (const token of seen) {
    token.experts.forEach((chosen, layer) => {
      for (const { expert, gate } of chosen) sums[layer][expert] += gate / seen.length;
    });
  }
  return sums;
}

function paintExperts() {
  const routing = model()?.routing ?? null;
  element('which').textContent =
    view.looked === null
      ? 'all tokens'
      : `token ${view.looked + 1}: ${JSON.stringify(view.tokens[view.looked].text)}`;
  element('free').disabled = view.denied.size === 0;
  if (routing === null) return element('experts').replaceChildren();
  const rows = shares(routing).map((row, layer) => {
    const line = document.createElement('div');
    line.className = 'layer';
    line.append(span('', `layer ${layer}`));
    row.forEach((share, expert) => {
      const cell = document.createElement('button');
      const name = `${layer}:${expert}`;
      const isDenied = view.denied.has(name);
      cell.type = 'button';
      cell.className = `expert${share > 0.6 ? ' dense' : ''}${isDenied ? ' denied' : ''}`;
      cell.textContent = expert;
      cell.title = `layer ${layer}, expert ${expert}: ${(100 * share).toFixed(1)} %${isDenied ? ', denied' : ''}`;
      cell.setAttribute('aria-pressed', String(isDenied));
      cell.style.background = `color-mix(in srgb, var(--accent) ${Math.round(100 * Math.min(1, share))}%, transparent)`;
      cell.addEventListener('click', () => {
        if (!view.denied.delete(name)) view.denied.add(name);
        paintExperts();
      });
      line.append(cell);
    });
    return line;
  });
  element('experts').replaceChildren(...rows);
}

function paintPackages(packages) {
  const rows = Object.entries(packages).map(([name, tokens]) => {
    const row = document.createElement('tr');
    for (const text of [name, tokens])
      row.append(Object.assign(document.createElement('td'), { textContent: text }));
    return row;
  });
  element('packages')
    .querySelector('tbody')
    .replaceChildren(...rows);
  element('packages').hidden = false;
}

function setBusy(isBusy) {
  element('send').disabled = isBusy;
  element('stop').disabled = !isBusy;
}

function span(className, text) {
  return Object.assign(document.createElement('span'), { className, textContent: text });
}

element('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  void write();
});
element('stop').addEventListener('click', () => view.stop?.abort());
element('free').addEventListener('click', () => {
  view.denied.clear();
  paintExperts();
});
element('model').addEventListener('change', showModel);
element('answer').addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined || view.tokens.length === 0) return;
  event.preventDefault();
  const from = view.looked ?? (step > 0 ? -1 : view.tokens.length);
  look(Math.min(view.tokens.length - 1, Math.max(0, from + step)));
});
const showFailure = (error) => {
  element('about').textContent = error.message;
};
element('key').addEventListener('change', () => loadModels().catch(showFailure));
loadModels().catch(showFailure);
