/** A metric that a query reads, and the labels it is filtered by. */
export type SelectedMetric = { readonly name: string; readonly labels: readonly string[] };

/** Words of PromQL that stand where a metric could. */
const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'start', 'end']);
/** Followed by a list of labels in brackets. */
const GROUPINGS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);

/** The metrics and grouping labels of a PromQL expression. Reads just enough of the language for that. */
export function queryMetrics(expression: string): {
  readonly selected: readonly SelectedMetric[];
  readonly grouped: readonly string[];
} {
  const selected: SelectedMetric[] = [];
  const grouped: string[] = [];
  const tokens = [...expression.matchAll(TOKEN)].map(([token]) => token);
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (!/^[A-Za-z_:]/.test(token) || KEYWORDS.has(token.toLowerCase())) continue;
    const next = tokens[at + 1];
    if (GROUPINGS.has(token) && next === '(') {
      const end = tokens.indexOf(')', at);
      grouped.push(...tokens.slice(at + 2, end).filter(isName));
      at = end;
    } else if (GROUPINGS.has(token) || next === '(') {
      // A function or an aggregation.
    } else if (next === '{') {
      const end = tokens.indexOf('}', at);
      const inner = tokens.slice(at + 2, end);
      selected.push({
        name: token,
        labels: inner.filter((name, i) => isName(name) && isMatcher(inner[i + 1])),
      });
      at = end;
    } else selected.push({ name: token, labels: [] });
  }
  // An aggregation's grouping may come between its name and its brackets.
  return { selected: selected.filter(({ name }) => !AGGREGATIONS.has(name)), grouped };
}

const TOKEN =
  /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_:][A-Za-z0-9_:]*|\[[^\]]*\]|=~|!~|!=|[(){}=,]|[\d.]+\w*/g;
const AGGREGATIONS = new Set(['sum', 'min', 'max', 'avg', 'count', 'group', 'topk', 'bottomk', 'quantile']);

function isName(token: string | undefined): boolean {
  return token !== undefined && /^[A-Za-z_]/.test(token);
}

function isMatcher(token: string | undefined): boolean {
  return token === '=' || token === '=~' || token === '!=' || token === '!~';
}
