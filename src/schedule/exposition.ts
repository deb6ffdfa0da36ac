/**
 * The text format of Prometheus, as far as gauges need it.
 * Guarantees: pure; whatever a label holds, a line stays one line; what is not read back is passed over, never thrown.
 */

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/**
 * @param samples of this one name, with different labels
 * @returns a gauge with its HELP and TYPE; nothing where there is no sample
 */
export function gaugeText(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ labels, value }) => `${name}{${labelsText(labels)}} ${value}`)
  return `${[`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} gauge`, ...lines].join('\n')}\n`
}

/** @returns the samples in a text of this kind; lines that are none of `gaugeText` are passed over */
export function samplesIn(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels, value = ''] =
      /^([a-z_]+)\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\} (\S+)$/.exec(line) ?? []
    if (name === undefined || labels === undefined || !Number.isFinite(Number(value))) return []
    return [{ name, labels: parsed(labels), value: Number(value) }]
  })
}

function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`)
    .join(',')
}

/** In HELP a quotation mark stands for itself, in a label it must not. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function parsed(labels: string): Labels {
  return Object.fromEntries(
    Array.from(labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, name = '', value = '']) => [
      name,
      value.replace(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each)),
    ]),
  )
}
